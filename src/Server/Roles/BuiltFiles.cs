using System.Security.Cryptography;
using System.Text;

namespace Sluice.Roles;

/// <summary>
/// The built files as the roles run them: a copy in <c>DIR/bin/VERSION</c>, so that a clone which only root may enter works and a build
/// beside a running Sluice changes nothing under it. VERSION is a digest of each file's name, size and time of last change, as rsync tells files apart:
/// reading them all would be a tenth of a start.
/// </summary>
internal static class BuiltFiles
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Copies what is not there yet, removes other versions, answers the folder.</summary>
    public static string CopyTo(DataFolder data, string from)
    {
        var source = Path.TrimEndingDirectorySeparator(from);
        var files = Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(source, f)).Order(StringComparer.Ordinal).ToArray();
        var home = Path.Combine(data.Binaries, VersionOf(source, files));
        if (home == source)
            return home;
        Directory.CreateDirectory(data.Binaries);
        File.SetUnixFileMode(data.Binaries, Executable);
        foreach (var old in Directory.GetDirectories(data.Binaries).Where(d => d != home))
            Directory.Delete(old, recursive: true);
        if (!Directory.Exists(home))
            Copy(source, files, home);
        return home;
    }

    private static void Copy(string source, string[] files, string home)
    {
        var fresh = home + ".new";
        Directory.CreateDirectory(fresh);
        foreach (var file in files)
        {
            var target = Path.Combine(fresh, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(source, file), target);
            File.SetUnixFileMode(target, File.GetUnixFileMode(target).HasFlag(UnixFileMode.UserExecute) ? Executable : Plain);
        }
        foreach (var folder in Directory.EnumerateDirectories(fresh, "*", SearchOption.AllDirectories).Append(fresh))
            File.SetUnixFileMode(folder, Executable);
        Directory.Move(fresh, home);
    }

    private static string VersionOf(string source, string[] files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            var info = new FileInfo(Path.Combine(source, file));
            hash.AppendData(Encoding.UTF8.GetBytes($"{file}\0{info.Length}\0{info.LastWriteTimeUtc.Ticks}\0"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
