using System.Text;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Sources;

/// <summary>
/// Where git keeps what a push brought until the push is accepted; commands that must see it take these two. Null values mean the repository as it is.
/// </summary>
public sealed record Quarantine(string Objects, string Alternates);

/// <summary>
/// One bare repository per app, made on first use; the git objects of all that was built. A commit that became a slug stays as
/// <c>refs/slugs/DIGEST</c>, hidden from clients, whatever becomes of branches.
/// </summary>
public sealed class Repositories(DataFolder data)
{
    // 1 GiB of content and a tar header for each of as many files as a slug may have.
    private const long MaxArchiveBytes = (1L << 30) + (TreeCheck.MaxFiles * 1024L);

    private const string Config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

    // An archive must hold what was committed: a tree's own export-ignore and export-subst do not count.
    private const string Attributes = "* -export-ignore -export-subst\n";

    private readonly RealDisk disk = new();

    /// <summary>Bytes of all its files; 0 before there is one.</summary>
    public long SizeOf(AppId app) => Directory.Exists(data.Repository(app))
        ? new DirectoryInfo(data.Repository(app)).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true }).Sum(file => file.Length) : 0;

    /// <summary>Path of the app's repository; made whole or not at all.</summary>
    public string Open(AppId app)
    {
        var path = data.Repository(app);
        if (Directory.Exists(path))
            return path;
        var making = $"{path}.{Guid.NewGuid():N}.new";
        foreach (var folder in (string[])["objects/info", "objects/pack", "refs/heads", "info"])
            Directory.CreateDirectory(Path.Combine(making, folder));
        Write("HEAD", "ref: refs/heads/main\n");
        Write("config", Config);
        Write("info/attributes", Attributes);
        foreach (var folder in (string[])["objects", "refs"])
            disk.SyncFolder(Path.Combine(making, folder));
        try
        {
            Directory.Move(making, path);
            disk.SyncFolder(Path.GetDirectoryName(path)!);   // a push that was acknowledged lies in there
        }
        catch (IOException) when (Directory.Exists(path))
        {
            Directory.Delete(making, recursive: true); // another request was first
        }
        return path;

        void Write(string name, string text) => disk.Publish(Path.Combine(making, name), Encoding.ASCII.GetBytes(text), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    /// <summary>Null when the repository has no such commit.</summary>
    public async Task<Commit?> CommitAsync(AppId app, string sha, Quarantine? quarantine, CancellationToken ct)
    {
        var result = await Shell.RunAsync(Within(GitCommand.Show(Open(app), Checked(sha)), quarantine), ct);
        return result.ExitCode == 0 ? Commit.Parse(result.Text).FirstOrDefault() : null;
    }

    /// <summary>Writes the files of a commit as a tar to <paramref name="file"/>, all in a folder when <paramref name="under"/> names one (<c>shop-73ab415/</c>).</summary>
    /// <exception cref="RefusedException">They are more than a slug may have: it stops there, so that a few packed bytes cannot fill the disk.</exception>
    public async Task ArchiveAsync(AppId app, string sha, Quarantine? quarantine, string under, string file, CancellationToken ct)
    {
        await using var running = Shell.Start(Within(GitCommand.Archive(Open(app), Checked(sha), under), quarantine));
        await running.Input.DisposeAsync();
        using var complaint = new StreamReader(running.Errors);
        var complaints = complaint.ReadToEndAsync(ct);
        await using (var tar = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
        {
            var buffer = new byte[128 * 1024];
            while (await running.Output.ReadAsync(buffer, ct) is var count and > 0)
            {
                await tar.WriteAsync(buffer.AsMemory(0, count), ct);
                if (tar.Length > MaxArchiveBytes)
                    throw Refuse.TooLarge("The commit has more than 1 GiB of files. Keep large files out of git.");
            }
        }
        if (await running.Exit.WaitAsync(ct) is not 0 and var code)
            throw new IOException($"git archive of {sha} ended with {code}: {(await complaints).Trim()}");
    }

    /// <summary>What is wrong with a commit's tree for us, one sentence; null when nothing is. Stops early: a bomb of a tree is never walked to its end.</summary>
    public async Task<string?> TreeFaultAsync(AppId app, string sha, Quarantine? quarantine, CancellationToken ct)
    {
        await using var running = Shell.Start(Within(GitCommand.Tree(Open(app), Checked(sha)), quarantine));
        await running.Input.DisposeAsync();
        var complaints = running.Errors.CopyToAsync(Stream.Null, ct);
        var fault = await TreeCheck.FaultAsync(running.Output, ct);
        if (fault is not null)
            return fault;
        await complaints;
        return await running.Exit.WaitAsync(ct) == 0 ? null : "The commit's files cannot be read.";
    }

    /// <summary>Keeps a built commit. May be repeated; does nothing without such a commit.</summary>
    public async Task KeepAsync(AppId app, SlugDigest slug, string sha, CancellationToken ct)
    {
        if (await CommitAsync(app, sha, null, ct) is not null)
            await Shell.TextAsync(GitCommand.SetRef(Open(app), Ref(slug), sha), ct);
    }

    /// <summary>Whether a ref names that commit; null asks whether it is not there.</summary>
    public async Task<bool> IsAtAsync(AppId app, string name, string? sha, CancellationToken ct)
    {
        var found = await Shell.RunAsync(GitCommand.ReadRef(Open(app), name), ct);
        return (found.ExitCode == 0 ? found.Text.Trim() : null) == sha;
    }

    /// <summary>What a clone checks out: main, or master when only that is there.</summary>
    public async Task PointHeadAsync(AppId app, CancellationToken ct)
    {
        var wanted = !await IsAtAsync(app, "refs/heads/main", null, ct) || await IsAtAsync(app, "refs/heads/master", null, ct) ? "main" : "master";
        var head = Path.Combine(Open(app), "HEAD");
        if (await File.ReadAllTextAsync(head, ct) != $"ref: refs/heads/{wanted}\n")
            await Shell.TextAsync(GitCommand.In(Open(app), ["symbolic-ref", "HEAD", $"refs/heads/{wanted}"]), ct);
    }

    /// <summary>Takes a slug's commit over from the repository of another app, so that this one has the history of all it ran. False when the other lacks it.</summary>
    public async Task<bool> TakeAsync(AppId app, SlugDigest slug, AppId from, CancellationToken ct)
    {
        if (await HasAsync(app, slug, ct))
            return true;
        if (app == from || !Directory.Exists(data.Repository(from)) || !await HasAsync(from, slug, ct))
            return false;
        await Shell.TextAsync(GitCommand.Fetch(Open(app), data.Repository(from), Ref(slug)), ct);
        return true;
    }

    /// <summary>Takes a commit over from the repository of another app, for a build of it here. False when that one lacks it.</summary>
    public async Task<bool> TakeCommitAsync(AppId app, string sha, AppId from, CancellationToken ct)
    {
        if (await CommitAsync(app, sha, null, ct) is not null)
            return true;
        if (app == from || !Directory.Exists(data.Repository(from)) || await CommitAsync(from, sha, null, ct) is null)
            return false;
        await Shell.TextAsync(GitCommand.FetchCommit(Open(app), data.Repository(from), sha, $"refs/sources/{sha}"), ct);
        return true;
    }

    /// <summary>The branch that a clone checks out, and its commit; null before the first push.</summary>
    public async Task<(string Branch, string Sha)?> HeadAsync(AppId app, CancellationToken ct)
    {
        foreach (var branch in (string[])["main", "master"])
        {
            if (await BranchAsync(app, branch, ct) is { } sha)
                return (branch, sha);
        }
        return null;
    }

    /// <summary>The commit that a branch names; null when there is no such branch.</summary>
    public async Task<string?> BranchAsync(AppId app, string branch, CancellationToken ct)
    {
        var found = await Shell.RunAsync(GitCommand.ReadRef(Open(app), $"refs/heads/{branch}"), ct);
        return found.ExitCode == 0 ? found.Text.Trim() : null;
    }

    /// <summary>The app is gone: so is its repository. Renamed first, so that no half of it is ever used.</summary>
    public void Remove(AppId app)
    {
        var path = data.Repository(app);
        if (!Directory.Exists(path))
            return;
        var gone = $"{path}.{Guid.NewGuid():N}.gone";
        Directory.Move(path, gone);
        Directory.Delete(gone, recursive: true);
    }

    /// <summary>Removes what pushes left that were cut. Only while no push to this app is in flight.</summary>
    public void Sweep(AppId app)
    {
        var objects = Path.Combine(data.Repository(app), "objects");
        if (!Directory.Exists(objects))
            return;
        foreach (var folder in Directory.EnumerateDirectories(objects, "tmp_objdir-*"))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Removes what a dead server left half made, half removed or half received. At start.</summary>
    public void SweepAll()
    {
        var all = Path.GetDirectoryName(data.Repository(default))!;
        if (!Directory.Exists(all))
            return;
        foreach (var folder in Directory.EnumerateDirectories(all))
        {
            if (folder.EndsWith(".new", StringComparison.Ordinal) || folder.EndsWith(".gone", StringComparison.Ordinal))
                Directory.Delete(folder, recursive: true);
            else if (Guid.TryParse(Path.GetFileNameWithoutExtension(folder), out var app))
                Sweep(new AppId(app));
        }
    }

    internal static Command Within(Command command, Quarantine? quarantine) => quarantine is null ? command
        : command.With("GIT_OBJECT_DIRECTORY", quarantine.Objects).With("GIT_ALTERNATE_OBJECT_DIRECTORIES", quarantine.Alternates);

    private async Task<bool> HasAsync(AppId app, SlugDigest slug, CancellationToken ct) =>
        (await Shell.RunAsync(GitCommand.ReadRef(Open(app), Ref(slug)), ct)).ExitCode == 0;

    private static string Ref(SlugDigest slug) => $"refs/slugs/{slug}";

    private static string Checked(string sha) => Commit.IsSha(sha) ? sha : throw new ArgumentException("A commit is named by 40 lower-case hex digits.", nameof(sha));
}
