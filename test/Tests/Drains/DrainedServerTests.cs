using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Sluice.Tests.Git;

namespace Sluice.Tests.Drains;

/// <summary>A server whose operator lets drains lead to this machine.</summary>
public sealed class PrivateDrainsServer : LiveServer
{
    protected override string[] Flags => ["--private-drains"];
}

/// <summary>Drains of real apps on the real server.</summary>
public sealed class DrainedServerTests(PrivateDrainsServer server) : IClassFixture<PrivateDrainsServer>
{
    [Fact]
    public async Task Everything_in_an_apps_log_comes_to_its_drain_and_goes_on_after_the_server_was_killed()
    {
        LiveServer.NeedRoot();
        await using var sink = new SyslogSink();
        var app = await server.AppAsync();
        await AddAsync(app, $"syslog://127.0.0.1:{sink.Port}");
        using var repo = Repo.OfSample("node");

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code == 0, said);
        await sink.UntilAsync(" app api - - Build started by user admin@localhost");
        await sink.UntilAsync($" app api - - Deploy {repo.Head[..7]} by user admin@localhost");
        await sink.UntilAsync(" heroku web.1 - - State changed from starting to up");
        await server.VisitAsync(app);
        Assert.StartsWith("<158>1 ", await RouterLineAsync(sink), StringComparison.Ordinal);

        await KillServerAsync();
        await server.VisitAsync(app);
        Assert.Contains(" heroku router - - at=info method=GET path=\"/\"", await RouterLineAsync(sink), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_takes_to_write_to_a_drain_is_shown_to_those_who_may_add_one_and_to_no_others()
    {
        LiveServer.NeedRoot();
        const string Url = "https://me:pass@logs.example.com/in?key=secret";
        var app = await server.AppAsync();
        await AddAsync(app, Url);
        var name = $"jim-{app}@example.com";
        using var made = await server.Http.PostAsJsonAsync("/accounts", new { email = name }, LiveServer.Ct);
        var key = (await made.Content.ReadFromJsonAsync<JsonElement>(LiveServer.Ct)).GetProperty("api_key").GetString();
        using var given = await server.Http.PostAsJsonAsync($"/apps/{app}/collaborators", new { user = name, permissions = new[] { "view", "deploy" } }, LiveServer.Ct);
        Assert.Equal(HttpStatusCode.Created, given.StatusCode);
        using var reader = await server.Http.PostAsJsonAsync("/oauth/authorizations", new { scope = new[] { "read" } }, LiveServer.Ct);
        var scoped = (await reader.Content.ReadFromJsonAsync<JsonElement>(LiveServer.Ct)).GetProperty("access_token").GetProperty("token").GetString();

        Assert.Equal(Url, Shown(await server.GetAsync($"/apps/{app}/log-drains")));
        foreach (var other in new[] { key, scoped })
        {
            using var asked = new HttpRequestMessage(HttpMethod.Get, $"/apps/{app}/log-drains") { Headers = { Authorization = new("Bearer", other) } };
            using var answer = await server.Http.SendAsync(asked, LiveServer.Ct);
            Assert.Equal("https://logs.example.com/[hidden]", Shown(await answer.Content.ReadFromJsonAsync<JsonElement>(LiveServer.Ct)));
        }
        Assert.DoesNotContain("secret", server.Log, StringComparison.Ordinal);

        static string? Shown(JsonElement drains) => Assert.Single(drains.EnumerateArray()).GetProperty("url").GetString();
    }

    private async Task AddAsync(string app, string url)
    {
        using var added = await server.Http.PostAsJsonAsync($"/apps/{app}/log-drains", new { url }, LiveServer.Ct);
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync(LiveServer.Ct));
    }

    private static async Task<string> RouterLineAsync(SyslogSink sink)
    {
        while (true)
        {
            if (await sink.NextAsync() is var message && message.Contains(" heroku router - - ", StringComparison.Ordinal))
                return message;
        }
    }

    private async Task KillServerAsync()
    {
        var file = server.Data.PidFile("server");
        var pid = await File.ReadAllTextAsync(file, LiveServer.Ct);
        Repo.Run("/", "kill", "-KILL", pid.Trim());
        for (var tries = 0; tries < 600; tries++)
        {
            await Task.Delay(50, LiveServer.Ct);
            using var answer = await server.Http.GetAsync("/healthz", LiveServer.Ct);
            if (answer.StatusCode == HttpStatusCode.OK && await File.ReadAllTextAsync(file, LiveServer.Ct) != pid)
                return;
        }
        Assert.Fail("The server did not come back: " + server.Log);
    }
}
