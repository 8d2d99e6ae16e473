using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Sluice.Tests.Api;
using Sluice.Tests.Dashboard;

[assembly: AssemblyFixture(typeof(DashboardWorld))]

namespace Sluice.Tests.Dashboard;

/// <summary>
/// One real server and one real browser for all tests of the dashboard, begun when the first of them asks. Each test makes apps and people of its own.
/// </summary>
public sealed class DashboardWorld : IAsyncDisposable
{
    private const string Chromium = "/usr/bin/chromium";

    private readonly SemaphoreSlim opening = new(1);
    private RunningSluice? sluice;
    private IPlaywright? playwright;
    private QuietNetwork? network;
    private IBrowser? browser;
    private HttpClient? client;
    private int names;

    internal RunningSluice Sluice => sluice!;

    public string Admin => "admin@localhost";

    public string AdminKey => sluice!.Key;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Call first. Does nothing the second time.</summary>
    public async Task OpenAsync()
    {
        Assert.SkipUnless(File.Exists(Chromium), "Needs Debian's chromium.");
        Assert.SkipUnless(File.Exists("/usr/bin/bwrap"), "Needs bubblewrap, in which apps run.");
        await opening.WaitAsync(Ct);
        try
        {
            if (browser is not null)
                return;
            Environment.SetEnvironmentVariable("PLAYWRIGHT_DRIVER_SEARCH_PATH", Metadata("PlaywrightDriver"));
            sluice = await RunningSluice.StartAsync(alone: false, Ct);
            client = new HttpClient { BaseAddress = sluice.Url };
            Assertions.SetDefaultExpectTimeout(30_000);   // a machine that is busy with all tests is slow, and not wrong
            playwright = await Playwright.CreateAsync();
            network = Environment.IsPrivilegedProcess ? await QuietNetwork.OpenAsync(Chromium, sluice.Url.Port, Ct) : null;
            browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = network?.Browser ?? Chromium,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }
        finally
        {
            opening.Release();
        }
    }

    /// <summary>A name that no other test has.</summary>
    public string Name(string start) => $"{start}-{Interlocked.Increment(ref names)}";

    /// <summary>A window of its own, with nobody signed in.</summary>
    public async Task<Visitor> VisitorAsync(int width = 1440, int height = 1000, ColorScheme scheme = ColorScheme.Light, bool hasScript = true) => await Visitor.OpenAsync(
        await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = sluice!.Url.ToString(), ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce, JavaScriptEnabled = hasScript,
        }));

    /// <summary>The same, signed in as the first account.</summary>
    public async Task<Visitor> AdminAsync(int width = 1440, int height = 1000, ColorScheme scheme = ColorScheme.Light)
    {
        var visitor = await VisitorAsync(width, height, scheme);
        await visitor.SignInAsync(Admin, AdminKey);
        return visitor;
    }

    /// <summary>Somebody new, with a key.</summary>
    public async Task<(string Email, string Key)> PersonAsync(string start)
    {
        var email = Name(start) + "@example.com";
        return (email, Text(await AskAsync(HttpMethod.Post, "/accounts", new { email }), "api_key"));
    }

    /// <summary>An app; empty.</summary>
    public async Task<string> AppAsync(string start)
    {
        var name = Name(start);
        await AskAsync(HttpMethod.Post, "/apps", new { name });
        return name;
    }

    /// <summary>A pipeline with apps in stages; answers its id.</summary>
    public async Task<string> PipelineAsync(string name, params (string App, string Stage)[] places)
    {
        var pipeline = Text(await AskAsync(HttpMethod.Post, "/pipelines", new { name }), "id");
        foreach (var (app, stage) in places)
            await AskAsync(HttpMethod.Post, "/pipeline-couplings", new { app, pipeline, stage });
        return pipeline;
    }

    /// <summary>Pushes the sample app, which fails its release phase where <c>GREETING</c> is <c>broken</c>.</summary>
    public Task PushAsync(string app, string subject, params (string File, string Text)[] more) => PushAsync(app, subject, key: null, more);

    public async Task PushAsync(string app, string subject, string? key, params (string File, string Text)[] more)
    {
        var files = SampleApp.Files;
        foreach (var (file, text) in more)
            files[file] = text;
        var ran = await sluice!.PushAsync(app, files, subject, key, Ct);
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    /// <summary>Asks for a build of something that is no archive: it fails as soon as its turn comes. Answers its id.</summary>
    public async Task<string> BuildNothingAsync(string app)
    {
        var source = (await AskAsync(HttpMethod.Post, "/sources", new { })).GetProperty("source_blob");
        using var put = await client!.PutAsync(Text(source, "put_url"), new ByteArrayContent([1, 2, 3]), Ct);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Ct));
        return Text(await AskAsync(HttpMethod.Post, $"/apps/{app}/builds", new { source_blob = new { url = Text(source, "get_url"), version = "nightly <b>7</b>" } }), "id");
    }

    /// <summary>Promotes and waits until every target has ended; answers the promotion's id.</summary>
    public async Task<string> PromoteAsync(string source, params string[] targets)
    {
        var id = Text(await AskAsync(HttpMethod.Post, "/pipeline-promotions", new { source = new { app = source }, targets = targets.Select(app => new { app }) }), "id");
        for (var tries = 0; Text(await AskAsync(HttpMethod.Get, $"/pipeline-promotions/{id}", null), "status") != "completed"; tries++)
        {
            Assert.True(tries < 600, "The promotion did not end within a minute.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Ct);
        }

        return id;
    }

    public async Task<JsonElement> AskAsync(HttpMethod method, string path, object? body, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key ?? AdminKey) } };
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await client!.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (network is not null)
            await network.DisposeAsync();
        client?.Dispose();
        if (sluice is not null)
            await sluice.DisposeAsync();
    }

    private static string Metadata(string key) =>
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
