using System.Net;

namespace Sluice.Drains;

/// <summary>The address of a drain: <c>syslog://HOST:PORT</c>, <c>syslog+tls://HOST:PORT</c>, <c>https://…</c> or <c>http://…</c>, with user and password for the last two if need be.</summary>
public sealed record DrainAddress
{
    private const int MaxLength = 2000;

    private DrainAddress(string url, Uri uri) => (Url, Uri) = (url, uri);

    /// <summary>As it was given.</summary>
    public string Url { get; }

    public Uri Uri { get; }

    public bool IsSyslog => Uri.Scheme is "syslog" or "syslog+tls";

    public bool IsTls => Uri.Scheme is "syslog+tls" or "https";

    public string Host => Uri.IdnHost.Trim('[', ']');

    /// <summary>514 for syslog and 6514 over TLS when none is given.</summary>
    public int Port => Uri.Port >= 0 ? Uri.Port : IsTls ? 6514 : 514;

    /// <summary>For those who may see that there is a drain, and not what it takes to write to it.</summary>
    public string WithoutSecrets => $"{Uri.Scheme}://{Uri.Host}{(Uri.IsDefaultPort || Uri.Port < 0 ? "" : $":{Uri.Port}")}{(HasMore ? "/[hidden]" : "")}";

    /// <summary>The place alone, for sentences.</summary>
    public string Place => $"{Uri.Host}:{Port}";

    private bool HasMore => Uri.UserInfo.Length > 0 || Uri.PathAndQuery.Trim('/').Length > 0;

    public static DrainAddress Parse(string url) => new(url, new Uri(url));

    /// <summary>What is wrong with an address, a sentence each; it is never repeated, for the key that may be in it.</summary>
    /// <param name="allowsPrivate">It may lead to this machine and to private networks.</param>
    public static IEnumerable<string> Faults(string url, bool allowsPrivate)
    {
        if (url.Length > MaxLength || url.Any(c => c is <= ' ' or > '~'))
            return [$"A drain's address has at most {MaxLength} plain characters, and no blanks among them."];
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Scheme is not ("syslog" or "syslog+tls" or "https" or "http"))
            return ["A drain's address is one like https://logs.example.com/path, syslog+tls://logs.example.com:6514 or syslog://logs.example.com:514."];
        var address = new DrainAddress(url, uri);
        return address.Faults(allowsPrivate);
    }

    private IEnumerable<string> Faults(bool allowsPrivate)
    {
        if (Uri.Fragment.Length > 0 || (IsSyslog && HasMore))
            yield return "A syslog drain's address has a host and a port and no more, and no drain's has a #.";
        if (Port is < 1 or > 65535)
            yield return "A drain's port is a number from 1 to 65535.";
        if (IsElsewhere(allowsPrivate) is false)
            yield return OutOfBounds(allowsPrivate);
    }

    /// <summary>Why it is not connected to.</summary>
    public string OutOfBounds(bool allowsPrivate) => $"{Host} is {(allowsPrivate
        ? "an address that no drain may lead to."
        : "not on the public network, where drains lead. Whoever runs this server can allow private networks: sluice up --private-drains.")}";

    /// <summary>Null for a name that has to be looked up.</summary>
    private bool? IsElsewhere(bool allowsPrivate) =>
        Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) ? allowsPrivate
        : !IPAddress.TryParse(Host, out var address) ? null
        : allowsPrivate ? PublicNetwork.HasOrPrivate(address) : PublicNetwork.Has(address);
}
