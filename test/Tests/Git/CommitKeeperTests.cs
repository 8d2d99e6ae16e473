using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Git;
using Sluice.Releases;
using Sluice.Sources;
using Sluice.Tests.Releases;
using Sluice.Tests.Runtime;
using Sluice.Tests.Sources;

namespace Sluice.Tests.Git;

public sealed class CommitKeeperTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_an_app_runs_is_kept_also_after_the_date_was_set_back()
    {
        await using var outside = await Outside.MakeAsync();
        var clock = new JumpingClock();
        var world = new ReleaseWorld(outside, time: clock);
        var app = await world.AppAsync("shop");
        var repositories = new Repositories(outside.Data);
        using var repo = new Repo(("a", "a"));
        repo.Git("push", "-q", repositories.Open(app.Id), "+HEAD:refs/heads/main");
        using var care = new RepositoryCare(outside.Data, clock, NullLogger<RepositoryCare>.Instance);
        using var keeper = new CommitKeeper(world.Db, repositories, care, clock, NullLogger<CommitKeeper>.Instance) { LookEvery = TimeSpan.FromMilliseconds(50) };
        await keeper.StartAsync(Ct);

        await KeptAsync("first");
        clock.Jump = TimeSpan.FromDays(-60);
        await KeptAsync("second");
        await keeper.StopAsync(Ct);

        async Task KeptAsync(string made)
        {
            var digest = SlugDigest.Of(System.Text.Encoding.UTF8.GetBytes(made));
            var slug = await world.SlugAsync(app, digest, repo.Head, "web: w");
            var release = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), Ct);
            await world.Ledger.EndAsync((await world.Ledger.FindAsync(release, Ct))!, "succeeded", null, Ct);
            for (var tries = 0; !await repositories.IsAtAsync(app.Id, $"refs/slugs/{digest}", repo.Head, Ct); tries++)
            {
                Assert.True(tries < 100, $"the {made} commit was not kept");
                await Task.Delay(TimeSpan.FromMilliseconds(100), Ct);
            }
        }
    }
}
