namespace Sluice;

/// <summary>
/// What the world calls this Sluice, and what its operator allows. Links, <c>web_url</c>, <c>git_url</c> and cookies are made from here, never from a request's Host header.
/// </summary>
public sealed record Site
{
    /// <summary>The port that answers for everything.</summary>
    public required int Port { get; init; }

    /// <summary>Apps answer at <c>APP.DOMAIN</c>; <c>localhost</c> unless told otherwise. Lower case, no dot in front.</summary>
    public required string Domain { get; init; }

    /// <summary>Where API, git and dashboard answer, without a slash at the end: <c>http://localhost:5000</c>.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>True when sandboxes do not isolate: without root, or told so by <c>--one-team</c>.</summary>
    public bool OneTeam { get; init; }

    /// <summary>One push may have so much.</summary>
    public long MaxPushBytes { get; init; } = 1L << 30;

    /// <summary>Log drains may lead to this machine and to private networks.</summary>
    public bool PrivateDrains { get; init; }

    /// <summary>Who is asked for certificates of apps' domains; null: nobody.</summary>
    public Authority? Authority { get; init; }

    /// <summary>One more address that it listens on; null for loopback only, or all.</summary>
    public System.Net.IPAddress? Bind { get; init; }

    /// <summary>Hosts that mean Sluice itself, lower case, without port.</summary>
    public IEnumerable<string> OwnHosts => new[] { "localhost", "127.0.0.1", "[::1]", PublicUrl.Host.ToLowerInvariant(), BindHost }.Distinct();

    public string HostOf(string app) => $"{app}.{Domain}";

    /// <summary>Where people open an app, with a slash at the end as Heroku writes it: <c>http://shop.localhost:5000/</c>.</summary>
    public string WebUrl(string app) => $"{PublicUrl.Scheme}://{HostOf(app)}{PortSuffix}/";

    /// <summary>What people push to: <c>http://localhost:5000/shop.git</c>.</summary>
    public string GitUrl(string app) => $"{PublicUrl.GetLeftPart(UriPartial.Authority)}/{app}.git";

    private string BindHost => Bind is null ? "localhost" : Bind.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Bind}]" : $"{Bind}";

    private string PortSuffix => PublicUrl.IsDefaultPort ? "" : $":{PublicUrl.Port}";
}

/// <summary>An authority elsewhere that gives certificates by ACME, as the operator told it.</summary>
public sealed record Authority
{
    public static readonly Uri LetsEncrypt = new("https://acme-v02.api.letsencrypt.org/directory");

    /// <summary>https.</summary>
    public required Uri Directory { get; init; }

    /// <summary>Where it writes to when something is wrong with a certificate; null: nowhere.</summary>
    public string? Email { get; init; }

    /// <summary>The operator has agreed to its terms of service.</summary>
    public bool HasAgreed { get; init; }

    /// <summary>PEM: who signs its own server's certificate; null: those that the machine trusts.</summary>
    public string? Roots { get; init; }
}
