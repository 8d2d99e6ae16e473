using Sluice.Builds;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;

namespace Sluice.Git;

/// <summary>A push that is let in; <see cref="Slug"/> is what was built for it, null when nothing had to be.</summary>
internal sealed record Deployed(Slug? Slug);

/// <summary>What a push leads to, told line by line as Heroku tells it: check, build, release.</summary>
internal sealed class Deployment(
    Repositories repositories, Builder builder, BuildTable builds, SlugCatalog slugs, ReleaseLedger ledger, Releaser releaser, Db db, Site site, DataFolder data)
{
    /// <summary>A push's files while they are built, in DIR/uploads; of a push that is over, nobody needs them.</summary>
    public static string SourceFile(string id) => $"push-{id}.tar";

    /// <summary>Null refuses the push; the last line said why.</summary>
    public async Task<Deployed?> RunAsync(GitPass pass, HookCall call, Func<string, ValueTask> say, CancellationToken ct)
    {
        var deploying = call.Updates.Where(u => u.Deploys).ToList();
        if (deploying.FirstOrDefault(u => u.Deletes) is { } deleted)
            return await RefuseAsync(say, $"{deleted.Branch} cannot be deleted: it is what was deployed last. Push another commit to change what runs.");
        foreach (var update in call.Updates.Where(u => !u.Deletes))
        {
            if (await repositories.CommitAsync(pass.App.Id, update.New, call.Quarantine, ct) is not null
                && await repositories.TreeFaultAsync(pass.App.Id, update.New, call.Quarantine, ct) is { } fault)
                return await RefuseAsync(say, fault);
        }
        if (deploying.Count == 0)
        {
            if (call.Updates.Any(u => !u.Deletes))
                await say("Pushed to non-main branch, skipping build.");
            return new Deployed(null);
        }
        if (deploying.Select(u => u.New).Distinct().Count() > 1)
            return await RefuseAsync(say, "main and master name different commits. Push one of them.");
        foreach (var update in deploying)
        {
            // Another push may have ended while this one waited; git would refuse this one only after its release.
            if (!await repositories.IsAtAsync(pass.App.Id, update.Name, update.Creates ? null : update.Old, ct))
                return await RefuseAsync(say, $"{update.Branch} was moved by another push meanwhile. Run git fetch, look, and push again.");
        }
        return await DeployAsync(pass, deploying[0], call.Quarantine, say, ct);
    }

    private async Task<Deployed?> DeployAsync(GitPass pass, RefUpdate update, Quarantine? quarantine, Func<string, ValueTask> say, CancellationToken ct)
    {
        if (await repositories.CommitAsync(pass.App.Id, update.New, quarantine, ct) is not { } commit)
            return await RefuseAsync(say, $"{update.Branch} names no commit.");
        var (current, running) = await CurrentAsync(pass, ct);
        if (running?.Commit == commit.Sha)
        {
            await say($"-----> {commit.Short} is what {pass.App.Name} runs already, as v{current!.Version}: nothing to build.");
            return new Deployed(running);
        }
        if (running?.Commit is { } before && await repositories.CommitAsync(pass.App.Id, before, null, ct) is { } last && last.Tree == commit.Tree)
            await say($"-----> {commit.Short} has the files of {last.Short}, which {pass.App.Name} runs already as v{current!.Version}; building it anyway");

        return await BuildAsync(pass, commit, quarantine, say, ct) is not { } build ? null : await ReleaseAsync(pass, build, say, ct);
    }

    private async Task<Build?> BuildAsync(GitPass pass, Commit commit, Quarantine? quarantine, Func<string, ValueTask> say, CancellationToken ct)
    {
        Directory.CreateDirectory(data.Uploads);
        var source = Path.Combine(data.Uploads, SourceFile($"{Guid.NewGuid():N}"));
        BuildOutcome outcome;
        try
        {
            await repositories.ArchiveAsync(pass.App.Id, commit.Sha, quarantine, "", source, ct);
            outcome = await builder.BuildAsync(new BuildRequest
            {
                App = pass.App.Id,
                User = pass.Who.Account,
                SourceFile = source,
                FromGit = true,
                Commit = commit.Sha,
                CommitDescription = OutputLines.Safe(commit.Subject),
                CommitAuthor = OutputLines.Safe(commit.Author),
                RequestId = pass.Who.RequestId,
            }, say, ct);
        }
        catch (RefusedException e)
        {
            await RefuseAsync(say, $"Push rejected: {e.Message}");
            return null;
        }
        finally
        {
            File.Delete(source);
        }
        switch (outcome)
        {
            case BuildOutcome.Succeeded done:
                return await builds.FindAsync(pass.App.Id, done.Build, ct);
            case BuildOutcome.Failed failed:
                await RefuseAsync(say, $"Push rejected: {failed.Why}");
                return null;
            case BuildOutcome.Errored when new DiskRoom(data).Refusal is { } full:
                await RefuseAsync(say, $"Push rejected: {full.Message}");
                return null;
            default:
                await RefuseAsync(say, $"Push rejected, the platform is at fault: {((BuildOutcome.Errored)outcome).Why} Push again.");
                return null;
        }
    }

    /// <summary>Once the release is noted it goes its way whether or not the client stays.</summary>
    private async Task<Deployed?> ReleaseAsync(GitPass pass, Build build, Func<string, ValueTask> say, CancellationToken ct)
    {
        var slug = await slugs.FindAsync(build.Slug!.Value, ct);
        await say("-----> Launching...");
        if (slug!.ProcessTypes.ContainsKey("release"))
            await say("       Release command declared: the new release is not live until it succeeds.");
        var id = await ledger.AddBuiltAsync(build, builds, db, pass.Who.RequestId, ct) ?? throw new InvalidOperationException($"Build {build.Id} has a release already.");
        releaser.Nudge();
        var release = await releaser.EndOfAsync(id, line => say("       " + OutputLines.Safe(line)), ct);
        if (release.Status != "succeeded")
            return await RefuseAsync(say, $"Push rejected: release v{release.Version} failed. {release.Failure}".TrimEnd());
        await say($"       Released v{release.Version}");
        await say($"       {site.WebUrl(pass.App.Name)} deployed");
        await say("");
        await say("Verifying deploy... done.");
        return new Deployed(slug);
    }

    private async Task<(Release? Release, Slug? Slug)> CurrentAsync(GitPass pass, CancellationToken ct)
    {
        var current = await ledger.CurrentAsync(pass.App.Id, ct);
        return (current, current?.Slug is { } slug ? await slugs.FindAsync(slug, ct) : null);
    }

    private static async Task<Deployed?> RefuseAsync(Func<string, ValueTask> say, string sentence)
    {
        await say("");
        await say($" !     {sentence}");
        return null;
    }
}
