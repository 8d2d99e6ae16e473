using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

/// <summary>A data folder of its own with a store in it, and what tests need to make trees and look at them.</summary>
internal sealed class SlugFolder : IDisposable
{
    /// <param name="inMemory">Where a test puts hundreds of slugs and syncing a disk that others write to would take minutes.</param>
    public SlugFolder(bool inMemory = false)
    {
        var folder = inMemory && Directory.Exists("/dev/shm") ? Path.Combine("/dev/shm", "slugs-" + Guid.NewGuid().ToString("N")) : null;
        Data = new(folder is null ? Directory.CreateTempSubdirectory("slugs-").FullName : Directory.CreateDirectory(folder).FullName);
        File.SetUnixFileMode(Data.Root, (UnixFileMode)0x1c9);   // 0711: other users pass through, as in a real one
        Store = new(Data) { Grace = TimeSpan.Zero };
    }

    public DataFolder Data { get; }

    public SlugStore Store { get; private set; }

    public string Objects => Path.Combine(Data.Slugs, "objects");

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>As after a restart of the agent.</summary>
    public SlugStore Reopen(SlugStore? store = null)
    {
        Store.Dispose();
        return Store = store ?? new(Data) { Grace = TimeSpan.Zero };
    }

    public string NewFolder() => Directory.CreateDirectory(Path.Combine(Data.Builds, Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>A tree of text files; a name that ends in / is an empty folder, one that ends in ! is executable, <c>a -> b</c> is a link.</summary>
    public string Tree(params (string Name, string Content)[] files)
    {
        var tree = NewFolder();
        foreach (var (name, content) in files)
        {
            var path = Path.Combine(tree, name.TrimEnd('!'));
            if (name.EndsWith('/'))
            {
                Directory.CreateDirectory(path);
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
            if (name.EndsWith('!'))
                File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
        }
        return tree;
    }

    public Task<SlugMade> PutAsync(params (string Name, string Content)[] files) => Store.PutAsync(Tree(files), "debian-12", Ct);

    /// <summary>Everything that counts in a tree as sorted text, read by System.IO: path, kind, mode, content.</summary>
    public static string Describe(string tree)
    {
        var lines = new List<string>();
        Walk(new DirectoryInfo(tree), "");
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines);

        void Walk(DirectoryInfo folder, string path)
        {
            var all = folder.GetFileSystemInfos();
            if (all.Length == 0 && path.Length > 0)
                lines.Add($"{path} folder");
            foreach (var info in all)
            {
                var name = path + "/" + info.Name;
                if (info.LinkTarget is { } target)
                    lines.Add($"{name} -> {target}");
                else if (info is DirectoryInfo below)
                    Walk(below, name);
                else
                    lines.Add($"{name} {(info.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? "x" : "-")} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(info.FullName)))}");
            }
        }
    }

    public static string[] Paths(string folder) => [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
        return output.Trim();
    }

    public void Dispose()
    {
        Store.Dispose();
        Run("rm", "-rf", Data.Root);   // by bytes: the framework cannot remove names that are not UTF-8
    }
}
