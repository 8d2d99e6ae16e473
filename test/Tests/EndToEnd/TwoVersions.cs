using System.Text.RegularExpressions;
using Sluice.Wire;

namespace Sluice.Tests.EndToEnd;

/// <summary>
/// A pipeline whose staging app was pushed to twice: v2 answers "first version", v3 "second version", and either can be promoted at any time.
/// One real Sluice for all the tests that share it, one after the other: each leaves it whole.
/// </summary>
public sealed partial class TwoVersions : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal Shopkeeper Keeper { get; private set; } = null!;
    internal SluiceClient Client { get; private set; } = null!;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var keeper = Keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop-staging --remote staging");
        await keeper.TypeAsync("create shop --remote production");
        await keeper.TypeAsync("pipelines:create shop -a shop-staging -s staging");
        await keeper.TypeAsync("pipelines:add shop -a shop -s production");
        await keeper.PushAsync("staging");
        await keeper.TypeAsync("promote -a shop-staging");
        await keeper.EditAsync("server.js", text => text.Replace("first version", "second version", StringComparison.Ordinal));
        await keeper.CommitAsync("The second version");
        await keeper.PushAsync("staging");
        Client = new SluiceClient(keeper.Sluice.Address, File.ReadAllText(keeper.Sluice.Data.AdminKey).Trim());
    }

    /// <summary>Returns when the promotion is accepted.</summary>
    /// <param name="release">Of staging: 2 or 3.</param>
    public Task<PromotionWire> BeginAsync(int release) => Client.PostAsync<CreatePromotionWire, PromotionWire>("/pipeline-promotions",
        new CreatePromotionWire(new PromotionFromWire(new AppRefWire("shop-staging"), new ReleaseRefWire($"v{release}")), [new PromotionToWire(new AppRefWire("shop"))]), Ct);

    public async Task PromoteAsync(int release)
    {
        var promotion = await BeginAsync(release);
        while ((await Client.GetAsync<PromotionWire>($"/pipeline-promotions/{promotion.Id}", Ct)).Status != "completed")
            await Task.Delay(5, Ct);
        var target = Assert.Single(await Client.ListAsync<PromotionTargetWire>($"/pipeline-promotions/{promotion.Id}/promotion-targets", Ct));
        Assert.True(target.Status == "succeeded", $"{target.ErrorMessage}\n{Keeper.Sluice.Said}");
    }

    /// <summary>What the release of that number in production says: the promoted slug's text.</summary>
    public static string TextOf(int release) => release == 2 ? "first version" : "second version";

    /// <summary>The shop's program with another text to answer with, whatever it answers with now: those who share the shop come in any order.</summary>
    public static string Say(string program, string text)
    {
        Assert.Matches(Version(), program);
        return Version().Replace(program, $"const VERSION = '{text}'");
    }

    /// <summary>Production's ledger, newest first, once nothing in it is pending any more.</summary>
    public async Task<IReadOnlyList<ReleaseWire>> SettledAsync()
    {
        var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                var releases = await Client.ListAsync<ReleaseWire>("/apps/shop/releases", Ct);
                if (releases.All(r => r.Status != "pending"))
                    return [.. releases.OrderByDescending(r => r.Version)];
                Assert.True(Environment.TickCount64 < end, $"A release is still pending after {Patience.TotalSeconds} s.\n{Keeper.Sluice.Said}");
            }
            catch (Exception e) when (e is HttpRequestException or SluiceException && Environment.TickCount64 < end)
            {
                // The role that was killed is on its way back.
            }
            await Task.Delay(20, Ct);
        }
    }

    /// <summary>Versions without a gap, one current release, one dyno for it and no other process of the app's on the machine.</summary>
    public async Task AssertWholeAsync()
    {
        var releases = await SettledAsync();
        Assert.Equal(Enumerable.Range(1, releases.Count).Reverse(), releases.Select(r => r.Version));
        var current = Assert.Single(releases, r => r.Current);
        Assert.Equal(releases.First(r => r.Status == "succeeded").Version, current.Version);
        await UntilAsync("one web dyno of the current release", async () =>
            await Client.ListAsync<DynoWire>("/apps/shop/dynos", Ct) is [{ State: "up", Name: "web.1" } web] && web.Release.Version == current.Version);
        // Staging's and production's; the agent's own folder has another kind of name.
        await UntilAsync("two sandboxes on the machine", () => Task.FromResult(
            Directory.GetDirectories(Keeper.Sluice.Data.Sandboxes).Count(d => Guid.TryParseExact(Path.GetFileName(d), "N", out _)) == 2));
    }

    public async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!await TryAsync(holds))
        {
            Assert.True(Environment.TickCount64 < end, $"Not within {Patience.TotalSeconds} s: {what}.\n{Keeper.Sluice.Said}");
            await Task.Delay(20, Ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Keeper.DisposeAsync();
    }

    [GeneratedRegex("const VERSION = '[^']*'")]
    private static partial Regex Version();

    private static async Task<bool> TryAsync(Func<Task<bool>> holds)
    {
        try
        {
            return await holds();
        }
        catch (Exception e) when (e is HttpRequestException or SluiceException)
        {
            return false;
        }
    }
}

/// <summary>Those who share it.</summary>
[CollectionDefinition]
public sealed class SharedShop : ICollectionFixture<TwoVersions>;
