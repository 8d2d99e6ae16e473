namespace Sluice.Api;

/// <summary>Addresses in answers. They start as the caller's own did when that is a name of ours, else with the public one: a Host header is never believed.</summary>
internal sealed class Links(Site site, IHttpContextAccessor caller)
{
    public string To(string path) => Start() + path;

    /// <summary>Whether an address is of this server.</summary>
    public bool IsOurs(Uri uri) => uri.Scheme is "http" or "https" && site.OwnHosts.Contains(uri.Host.ToLowerInvariant())
        && (uri.Port == site.Port || uri.Port == site.PublicUrl.Port);

    /// <summary>The same start without its scheme, always with a port: <c>localhost:5000</c>.</summary>
    public string HostAndPort
    {
        get
        {
            var start = new Uri(Start());
            return $"{start.Host}:{start.Port}";
        }
    }

    private string Start()
    {
        if (caller.HttpContext?.Request is { Host: { HasValue: true } host } request && site.OwnHosts.Contains(host.Host.ToLowerInvariant()))
            return $"{SchemeOf(request)}://{host.Host.ToLowerInvariant()}{(host.Port is { } port ? $":{port}" : "")}";
        return site.PublicUrl.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>The router says how it was reached; without it, how we were.</summary>
    private static string SchemeOf(HttpRequest request) => request.Headers["X-Forwarded-Proto"].ToString() is "https" ? "https" : request.Scheme;
}
