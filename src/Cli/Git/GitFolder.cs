using System.Diagnostics;

namespace Sluice.Cli.Git;

/// <summary>A remote as <c>git remote -v</c> lists it for fetching.</summary>
internal sealed record GitRemote(string Name, string Url)
{
    /// <summary>
    /// The app behind a remote of <paramref name="server"/>: <c>http(s)://[user@]HOST:PORT/APP.git</c>, where localhost, 127.0.0.1 and [::1] are one
    /// host and plain and TLS share the port. Null for any other remote.
    /// </summary>
    public string? AppOn(Uri server)
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
            || url.Port != server.Port || Host(url) != Host(server))
        {
            return null;
        }

        var path = url.AbsolutePath.Trim('/');
        var app = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        return app.Length > 0 && !app.Contains('/') ? app : null;
    }

    private static string Host(Uri url) => url.IsLoopback ? "localhost" : url.Host;
}

/// <summary>The git folder that a command was typed in; asks git itself, so that worktrees, includes and rewrites count.</summary>
internal sealed class GitFolder(string folder)
{
    /// <summary>Empty outside of a git folder, and on a machine without git.</summary>
    public async Task<IReadOnlyList<GitRemote>> RemotesAsync(CancellationToken ct)
    {
        var (_, output) = await GitAsync(["remote", "-v"], ct);
        return [.. output.Split('\n')
            .Where(line => line.EndsWith(" (fetch)", StringComparison.Ordinal) && line.Contains('\t'))
            .Select(line => line[..^" (fetch)".Length].Split('\t', 2))
            .Select(parts => new GitRemote(parts[0], parts[1]))];
    }

    public async Task<bool> IsGitAsync(CancellationToken ct) => (await GitAsync(["rev-parse", "--git-dir"], ct)).Ok;

    /// <summary>Adds the remote, or points one of that name elsewhere.</summary>
    public async Task SetRemoteAsync(string name, string url, CancellationToken ct)
    {
        var known = (await RemotesAsync(ct)).Any(r => r.Name == name);
        await MustAsync(known ? ["remote", "set-url", "--", name, url] : ["remote", "add", "--", name, url], ct);
    }

    /// <summary>Git asks <paramref name="command"/> for the key of this server, in this folder only; no key is written down.</summary>
    public Task SetCredentialsAsync(string server, string command, CancellationToken ct) => MustAsync(["config", "--local", $"credential.{server}.helper", Asking(command)], ct);

    /// <summary>Clones with git's own words on the terminal, and tells the new folder to ask <paramref name="command"/> for the key; git's exit code.</summary>
    public async Task<int> CloneAsync(string url, string to, string remote, string server, string command, CancellationToken ct)
    {
        using var git = new Process { StartInfo = new("git", ["-C", folder, "clone", "--origin", remote, "--config", $"credential.{server}.helper={Asking(command)}", "--", url, to]) { UseShellExecute = false } };
        git.Start();
        await git.WaitForExitAsync(ct);
        return git.ExitCode;
    }

    private static string Asking(string command) => $"!'{command.Replace("'", "'\\''", StringComparison.Ordinal)}' git:credentials";

    /// <summary>Whether git was told this somewhere: for the folder, the user or the machine.</summary>
    public async Task<bool> HasSettingAsync(string name, CancellationToken ct) => (await GitAsync(["config", "--get", name], ct)).Ok;

    public Task RemoveRemoteAsync(string name, CancellationToken ct) => MustAsync(["remote", "remove", "--", name], ct);

    private async Task MustAsync(string[] arguments, CancellationToken ct)
    {
        var (ok, output) = await GitAsync(arguments, ct);
        if (!ok)
        {
            throw StopException.Failed($"git {arguments[0]} did not work: {output.Trim()}");
        }
    }

    private async Task<(bool Ok, string Output)> GitAsync(string[] arguments, CancellationToken ct)
    {
        using var git = new Process
        {
            StartInfo = new("git", ["-C", folder, .. arguments])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
            },
        };
        try
        {
            git.Start();
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (false, "git is not installed (" + missing.Message + ")");
        }

        git.StandardInput.Close();
        var output = git.StandardOutput.ReadToEndAsync(ct);
        var error = git.StandardError.ReadToEndAsync(ct);
        await git.WaitForExitAsync(ct);
        var (said, complained) = (await output, await error);
        return (git.ExitCode == 0, git.ExitCode == 0 ? said : complained);
    }
}
