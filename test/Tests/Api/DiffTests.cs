using System.Net.Http.Json;
using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>What one app has that another has not, in every situation that apps get into.</summary>
public sealed class DiffTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_diff_is_told_whatever_became_of_the_two_apps()
    {
        await using var sluice = await RunningSluice.StartAsync(alone: false, Ct);
        using var client = sluice.Client();
        foreach (var app in new[] { "shop-staging", "shop", "imported" })
            await client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(app), Ct);
        await client.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new CreatePipelineWire("shop"), Ct);
        await client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire("shop-staging", "shop", "staging"), Ct);
        await client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire("shop", "shop", "production"), Ct);
        Assert.Equal(("none", 0, 0), Said(await DiffAsync("?to=shop")));

        var files = new Dictionary<string, string> { ["Procfile"] = "other: sleep 1000\n" };
        await PushedAsync(files);
        var first = await DiffAsync("?to=shop");
        Assert.Equal(("none", 1, 0), Said(first));   // a downstream without a release would get all of it
        Assert.Single(first.Commits);

        await PromoteAsync();
        Assert.Equal(("same", 0, 0), Said(await DiffAsync("?to=shop")));

        await PushedAsync(new(files) { ["news"] = "1" }, "\e]52;c;eA==\aNews \e[2Jof\u009b the day");
        var news = await DiffAsync("?to=shop");
        Assert.Equal(("ancestry", 1, 0), Said(news));
        Assert.Equal("]52;c;eA==News of the day", Assert.Single(news.Commits).Subject);   // who reads it in a terminal is not commanded by it
        await client.PatchAsync<IReadOnlyDictionary<string, string?>, IReadOnlyDictionary<string, string>>("/apps/shop-staging/config-vars", new Dictionary<string, string?> { ["A"] = "1" }, Ct);
        Assert.Equal(("ancestry", 1, 0), Said(await DiffAsync("?to=shop")));
        Assert.Equal(("ancestry", 1, 0), Said(await DiffAsync("?from_release=v3&to_release=v2")));
        Assert.Equal(("same", 0, 0), Said(await DiffAsync("?to=shop&from_release=v2")));

        await PromoteAsync();
        await RebaseAsync();
        Assert.Equal(("patch", 1, 0), Said(await DiffAsync("?to=shop")));

        await ImportAsync("imported");
        var tree = await DiffAsync("?to=imported");
        Assert.Equal("tree", tree.Method);
        Assert.Contains(new DiffFileWire(@"only\x1b[2J-here", "removed"), tree.Files);
        Assert.Contains(new DiffFileWire("news", "added"), tree.Files);

        // Without its files, what git does not know can be compared with nothing; what git knows still can.
        foreach (var (app, version) in new[] { ("imported", 2), ("shop-staging", 3) })
            await sluice.ForgetSlugAsync((await client.GetAsync<ReleaseWire>($"/apps/{app}/releases/{version}", Ct)).Slug!.Id, Ct);
        var refused = await Assert.ThrowsAsync<SluiceException>(() => DiffAsync("?to=imported"));
        Assert.Equal("The slug of v2 of imported is no longer kept, and git does not know both commits: there is nothing left to compare.", refused.Message);
        Assert.Equal(422, refused.Status);
        Assert.Equal(("ancestry", 1, 0), Said(await DiffAsync("?from_release=v3&to_release=v2")));

        Task<DiffWire> DiffAsync(string query) => client.GetAsync<DiffWire>("/apps/shop-staging/diff" + query, Ct);

        async Task PushedAsync(Dictionary<string, string> with, string message = "Begin")
        {
            var ran = await sluice.PushAsync("shop-staging", with, message, key: null, Ct);
            Assert.True(ran.ExitCode == 0, ran.ToString());
        }

        async Task PromoteAsync()
        {
            var coupling = await client.GetAsync<CouplingWire>("/apps/shop-staging/pipeline-couplings", Ct);
            var target = await client.GetAsync<AppWire>("/apps/shop", Ct);
            var body = JsonSerializer.Serialize(new { pipeline = new { id = coupling.Pipeline.Id }, source = new { app = new { id = coupling.App.Id } }, targets = new[] { new { app = new { id = target.Id } } } });
            using var http = new HttpClient { BaseAddress = sluice.Url };
            http.DefaultRequestHeaders.Authorization = new("Bearer", sluice.Key);
            using var answer = await http.PostAsync("/pipeline-promotions", new StringContent(body, null, "application/json"), Ct);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
            var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id");
            for (var tries = 0; (await client.GetAsync<PromotionWire>($"/pipeline-promotions/{id}", Ct)).Status != "completed"; tries++)
            {
                Assert.True(tries < 300, "The promotion did not end.");
                await Task.Delay(100, Ct);
            }
        }

        // Another commit comes to stand below the one that production runs.
        async Task RebaseAsync()
        {
            var folder = sluice.Scratch("source-shop-staging");
            await GitAsync("checkout", "-q", "-b", "again", "main~1");
            await File.WriteAllTextAsync(Path.Combine(folder, "below"), "x", Ct);
            await GitAsync("add", "--all");
            await GitAsync("commit", "-q", "-m", "Below");
            await GitAsync("cherry-pick", "main");
            await GitAsync("push", "-q", "--force", new UriBuilder(new Uri(sluice.Url, "/shop-staging.git")) { UserName = "tests", Password = sluice.Key }.Uri.ToString(), "again:main");

            async Task GitAsync(params string[] arguments)
            {
                var ran = await sluice.RunAsync(
                    ["git", "-c", "user.name=Tests", "-c", "user.email=tests@localhost", .. arguments], folder,
                    new() { ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_TERMINAL_PROMPT"] = "0" }, Ct);
                Assert.True(ran.ExitCode == 0, ran.ToString());
            }
        }

        async Task ImportAsync(string app)
        {
            var folder = sluice.Scratch("import");
            await File.WriteAllTextAsync(Path.Combine(folder, "Procfile"), files["Procfile"], Ct);
            await File.WriteAllTextAsync(Path.Combine(folder, "only\e[2J-here"), "x", Ct);
            var tar = Path.Combine(sluice.Scratch("tars"), "source.tgz");
            var packed = await sluice.RunAsync(["tar", "-C", folder, "-czf", tar, "."], "/", [], Ct);
            Assert.Equal(0, packed.ExitCode);
            var source = await client.PostAsync<SourceWire>("/sources", Ct);
            using var http = new HttpClient();
            using var put = await http.PutAsync(source.SourceBlob.PutUrl, new ByteArrayContent(await File.ReadAllBytesAsync(tar, Ct)), Ct);
            Assert.True(put.IsSuccessStatusCode);
            await client.PostAsync<CreateBuildWire, BuildWire>($"/apps/{app}/builds", new CreateBuildWire(new SourceBlobWire(source.SourceBlob.GetUrl)), Ct);
            for (var tries = 0; (await client.ListAsync<ReleaseWire>($"/apps/{app}/releases", Ct)).Count(r => r.Status == "succeeded") < 2; tries++)
            {
                Assert.True(tries < 300, "The build got no release.");
                await Task.Delay(100, Ct);
            }
        }
    }

    private static (string Method, int Ahead, int Behind) Said(DiffWire diff) => (diff.Method, diff.AheadBy, diff.BehindBy);
}
