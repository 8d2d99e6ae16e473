using Sluice.Cli.Server;

namespace Sluice.Cli.Git;

/// <summary>The git remote of an app: where it is pushed to, and how git gets the key.</summary>
internal static class AppRemote
{
    public const string DefaultName = "sluice";

    public static string UrlOf(ServerLocation server, string app) => $"{server.Address}/{app}.git";

    /// <summary>Names the remote and tells git to ask this command line for the key. Null outside of a git folder: nothing to do there.</summary>
    public static async Task<string?> AddAsync(Run run, string app, string remote, CancellationToken ct)
    {
        if (!await run.Git.IsGitAsync(ct))
        {
            return null;
        }

        await run.Git.SetRemoteAsync(remote, UrlOf(run.Location, app), ct);
        await run.Git.SetCredentialsAsync(run.Location.Address, run.Surroundings.OwnCommand, ct);
        return remote;
    }
}
