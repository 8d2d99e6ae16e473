using Sluice.Wire;

namespace Sluice.Cli.Server;

/// <summary>Which server a command speaks to and with which key, and where that was found.</summary>
/// <param name="Url">Scheme, host and port, without a path.</param>
/// <param name="Key">The API key; null when only the address is known.</param>
/// <param name="DataFolder">The server's DIR when it was found by its folder on this machine, else null.</param>
internal sealed record ServerLocation(Uri Url, string? Key, string? DataFolder)
{
    /// <summary>As people write it, without the closing slash.</summary>
    public string Address => Url.GetLeftPart(UriPartial.Authority);

    /// <summary>
    /// The first of: <c>SLUICE_URL</c>; <c>SLUICE_DATA</c>; a saved login; the folder where <c>sluice up</c> puts its data when it is told nothing.
    /// <c>SLUICE_KEY</c> beats the key that was found with the address.
    /// </summary>
    /// <exception cref="StopException">None is known.</exception>
    public static ServerLocation Find(Surroundings surroundings)
    {
        var logins = new SavedLogins(surroundings);
        var key = surroundings.Variable("SLUICE_KEY");
        if (surroundings.Variable("SLUICE_URL") is { } url)
        {
            var parsed = ParseUrl(url) ?? throw StopException.Usage($"SLUICE_URL is \"{url}\", which is no address. Write it like http://localhost:5000.");
            return new(parsed, key ?? logins.KeyFor(parsed), null);
        }

        if (surroundings.Variable("SLUICE_DATA") is { } folder)
        {
            return InFolder(folder, key, logins)
                ?? throw new StopException(ExitCode.Unreachable, $"No server notes its address in {folder}. Start one with: sluice up --data {folder}");
        }

        return (logins.Latest() is { } login ? login with { Key = key ?? login.Key } : null)
            ?? InFolder(DefaultFolder(surroundings), key, logins)
            ?? throw new StopException(ExitCode.Unreachable,
                "No server is known here. Start one with \"sluice up\", or name one with \"sluice login URL\" or SLUICE_URL and SLUICE_KEY.");
    }

    /// <exception cref="StopException">No key is known for it.</exception>
    public SluiceClient Connect() => new(
        Url,
        Key ?? throw new StopException(ExitCode.NotLoggedIn, $"No key is known for {Address}. Log in with: sluice login {Address}"),

        // Proxies named in the environment are for the outside: a server on this machine is spoken to directly.
        new SocketsHttpHandler { UseProxy = !Url.IsLoopback, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) });

    public static Uri? ParseUrl(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https" ? url : null;

    private static string DefaultFolder(Surroundings surroundings) =>
        surroundings.IsRoot ? "/var/lib/sluice" : Path.Combine(surroundings.HomeFolder, ".local/share/sluice");

    /// <summary>The folder of a server, or that of <c>sluice connect</c>, which leads to the server that it notes as <c>remote</c>: its key is the one of a login.</summary>
    private static ServerLocation? InFolder(string folder, string? key, SavedLogins logins)
    {
        var address = FirstLine(Path.Combine(folder, "address"));
        return address is not null && ParseUrl(address) is { } url
            ? new(url, key ?? FirstLine(Path.Combine(folder, "admin.key")) ?? LoginOf(FirstLine(Path.Combine(folder, "remote")), logins), Path.GetFullPath(folder))
            : null;
    }

    private static string? LoginOf(string? remote, SavedLogins logins) => remote is not null && ParseUrl(remote) is { } url ? logins.KeyFor(url) : null;

    /// <summary>Null when the file is not there, empty, or not ours to read.</summary>
    private static string? FirstLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: > 0 } line ? line : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
