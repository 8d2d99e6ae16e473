using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Tests.Releases;

namespace Sluice.Tests.Slugs;

/// <summary>What is said of a slug before something is promised that needs it: by its record, and by a real agent that looks at its files.</summary>
public sealed class SlugPresenceTests : IDisposable
{
    private const string Advice = "Build it again, or restore the data folder from a backup.";

    private readonly SlugFolder slugs = new(inMemory: true);

    public void Dispose() => slugs.Dispose();

    [Fact]
    public async Task What_a_slug_lacks_is_said_with_what_to_do_and_nobody_is_blamed_while_the_agent_is_away()
    {
        await using var outside = await Outside.MakeAsync();
        await using var world = new ReleaseWorld(outside);
        var made = await slugs.PutAsync(("Procfile", "web: run"), ("lib/a", "a"));
        var slug = await world.SlugAsync(await world.AppAsync("shop"), made.Digest, commit: null, "web: run");
        var presence = new SlugPresence(world.Slugs, new SlugClient(new AgentClient(slugs.Data)));
        Task<string?> LackAsync() => presence.LackAsync(slug, SlugFolder.Ct);
        Assert.Null(await LackAsync());

        Directory.CreateDirectory(slugs.Data.Run);
        using var stop = new CancellationTokenSource();
        var serving = new AgentHost(slugs.Data).MapSlugs(slugs.Store, slugs.Data).ServeAsync(stop.Token);
        Assert.Null(await LackAsync());
        foreach (var file in Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length == 1))
            SlugFolder.Run("truncate", "--size=0", file);
        Assert.Equal($"is damaged on this machine at lib/a. {Advice}", await LackAsync());
        foreach (var manifest in Directory.GetFiles(Path.Combine(slugs.Data.Slugs, "manifests"), "*", SearchOption.AllDirectories))
            File.Delete(manifest);
        Assert.Equal($"is not on this machine. {Advice}", await LackAsync());

        await stop.CancelAsync();
        await serving.ContinueWith(_ => { }, TaskScheduler.Default);
    }
}
