namespace Sluice.Cli.Server;

/// <summary>
/// Servers that <c>sluice login</c> was told of, in <c>~/.config/sluice/credentials</c> (mode 0600): one line <c>URL KEY</c> each, the one that
/// counts by default last.
/// </summary>
internal sealed class SavedLogins(Surroundings surroundings)
{
    public string Path { get; } = System.IO.Path.Combine(
        surroundings.Variable("XDG_CONFIG_HOME") ?? System.IO.Path.Combine(surroundings.HomeFolder, ".config"), "sluice", "credentials");

    public ServerLocation? Latest() => Read().LastOrDefault();

    public string? KeyFor(Uri url) => Read().LastOrDefault(l => SameServer(l.Url, url))?.Key;

    /// <summary>Remembers the key and makes this server the default. Whole or not at all: a new file takes the old one's place.</summary>
    public void Save(Uri url, string key)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        var kept = Read().Where(l => !SameServer(l.Url, url)).Append(new ServerLocation(url, key, null));
        Write([.. kept]);
    }

    /// <summary>False when it was not known.</summary>
    public bool Forget(Uri url)
    {
        var all = Read();
        var kept = all.Where(l => !SameServer(l.Url, url)).ToArray();
        if (kept.Length == all.Length)
        {
            return false;
        }

        Write(kept);
        return true;
    }

    private static bool SameServer(Uri a, Uri b) => a.Authority == b.Authority && a.Scheme == b.Scheme;

    private ServerLocation[] Read() => !File.Exists(Path)
        ? []
        : [.. File.ReadAllLines(Path)
            .Select(line => line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(parts => parts.Length == 2 && ServerLocation.ParseUrl(parts[0]) is not null)
            .Select(parts => new ServerLocation(ServerLocation.ParseUrl(parts[0])!, parts[1], null))];

    private void Write(ServerLocation[] logins)
    {
        var draft = Path + ".new";
        File.Delete(draft);
        using (var file = new StreamWriter(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            foreach (var login in logins)
            {
                file.Write($"{login.Address} {login.Key}\n");
            }
        }

        File.Move(draft, Path, overwrite: true);
    }
}
