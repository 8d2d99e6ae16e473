using System.Net;
using System.Net.Sockets;
using Sluice.Router;
using Sluice.Tests.Router;

namespace Sluice.Tests.Roles;

public sealed class SupervisorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_starts_three_roles_and_stops_them_all()
    {
        await using var sluice = await RunningSluice.StartAsync();
        Assert.Equal(["agent", "router", "server"], sluice.Roles());
        using var http = new HttpClient { BaseAddress = sluice.Address };
        Assert.Equal("""{"server":"ready","router":"ready","agent":"ready"}""", await http.GetStringAsync("/healthz", Ct));
        Assert.Equal("""{"server":"ready","router":"ready","agent":"ready"}""", await http.GetStringAsync($"http://[::1]:{sluice.Address.Port}/healthz", Ct));
        Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "nobody.localhost" } }, Ct)).StatusCode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(sluice.Data.AdminKey));
        sluice.Signal("TERM");
        Assert.Equal(0, await sluice.EndAsync());
        Assert.Empty(sluice.Roles());
        Assert.False(File.Exists(sluice.Data.Address));
        Assert.Empty(Directory.GetFiles(sluice.Data.Run, "*.pid"));
    }

    [Fact]
    public async Task With_root_only_the_agent_is_root()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root.");
        await using var sluice = await RunningSluice.StartAsync();
        Assert.Equal("root", Owner(sluice.PidOf("agent")));
        Assert.Equal("sluice", Owner(sluice.PidOf("server")));
        Assert.Equal("sluice", Owner(sluice.PidOf("router")));
        foreach (var role in new[] { "server", "router" })
        {
            var status = await File.ReadAllTextAsync($"/proc/{sluice.PidOf(role)}/status", Ct);
            Assert.Contains("NoNewPrivs:\t1", status);
            Assert.Contains("CapBnd:\t0000000000000000", status);
        }
    }

    [Theory]
    [InlineData("server")]
    [InlineData("router")]
    [InlineData("agent")]
    public async Task A_role_that_is_killed_comes_back(string role)
    {
        await using var sluice = await RunningSluice.StartAsync();
        using var http = new HttpClient { BaseAddress = sluice.Address };
        var old = sluice.PidOf(role);
        RunningSluice.Signal(old, "KILL");
        await sluice.UntilAsync(() => sluice.PidOf(role) != old);
        var health = HttpStatusCode.ServiceUnavailable;
        for (var tries = 0; health != HttpStatusCode.OK && tries < 100; tries++)
        {
            health = (await http.GetAsync("/healthz", Ct)).StatusCode;
            await Task.Delay(50, Ct);
        }
        Assert.Equal(HttpStatusCode.OK, health);
        Assert.Contains($"The {role} ended by signal 9; starting it again.", sluice.Said);
        Assert.Equal(["agent", "router", "server"], sluice.Roles());
    }

    [Fact]
    public async Task Restart_replaces_roles_while_requests_are_answered()
    {
        await using var sluice = await RunningSluice.StartAsync();
        var old = new[] { "server", "router", "agent" }.ToDictionary(role => role, sluice.PidOf);
        using var stop = new CancellationTokenSource();
        var asking = AskAllTheTimeAsync(sluice.Address, stop.Token);
        var (code, said) = await RunningSluice.RunAsync("restart", "all", "--data", sluice.Data.Root);
        await stop.CancelAsync();
        Assert.Equal((0, ""), (code, said.Trim()));
        Assert.All(old, role => Assert.NotEqual(role.Value, sluice.PidOf(role.Key)));
        Assert.DoesNotContain(await asking, answer => answer != HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_hang_up_replaces_them_too()
    {
        await using var sluice = await RunningSluice.StartAsync();
        var old = sluice.PidOf("router");
        sluice.Signal("HUP");
        await sluice.UntilAsync(() => sluice.Said.Contains("The router was replaced.", StringComparison.Ordinal));
        Assert.NotEqual(old, sluice.PidOf("router"));
    }

    [Fact]
    public async Task A_hang_up_that_brings_up_nobody_says_so()
    {
        await using var sluice = await RunningSluice.StartAsync();
        var binary = Path.Combine(Assert.Single(Directory.GetDirectories(sluice.Data.Binaries)), "sluice");
        File.Move(binary, binary + ".kept");
        await File.WriteAllTextAsync(binary, "#!/bin/sh\nexit 3\n", Ct);
        File.SetUnixFileMode(binary, File.GetUnixFileMode(binary + ".kept"));

        sluice.Signal("HUP");

        await sluice.UntilAsync(() => sluice.Said.Contains("The new server did not get ready; its own lines in the log of up say why.", StringComparison.Ordinal));
        File.Move(binary + ".kept", binary, overwrite: true);
    }

    [Fact]
    public async Task While_a_role_is_away_healthz_says_503_and_which()
    {
        await using var sluice = await RunningSluice.StartAsync();
        using var http = new HttpClient { BaseAddress = sluice.Address };
        var binary = Path.Combine(Assert.Single(Directory.GetDirectories(sluice.Data.Binaries)), "sluice");
        File.Move(binary, binary + ".kept");
        await File.WriteAllTextAsync(binary, "#!/bin/sh\nexit 3\n", Ct);
        File.SetUnixFileMode(binary, File.GetUnixFileMode(binary + ".kept"));

        RunningSluice.Signal(sluice.PidOf("agent"), "KILL");
        await sluice.UntilAsync(() => sluice.Said.Contains("The agent ended by signal 9", StringComparison.Ordinal));
        using var answer = await http.GetAsync("/healthz", Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("""{"server":"ready","router":"ready","agent":"away"}""", await answer.Content.ReadAsStringAsync(Ct));

        File.Move(binary + ".kept", binary, overwrite: true);
        for (var tries = 0; (await http.GetAsync("/healthz", Ct)).StatusCode != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 600, sluice.Said);
            await Task.Delay(100, Ct);
        }
    }

    [Fact]
    public async Task A_role_that_does_not_exist_is_named()
    {
        await using var sluice = await RunningSluice.StartAsync();
        Assert.Equal(
            (1, "There is no role dynos: choose server, router, agent or all."),
            await Trimmed(RunningSluice.RunAsync("restart", "dynos", "--data", sluice.Data.Root)));
    }

    [Fact]
    public async Task A_second_up_on_the_same_folder_names_the_first()
    {
        await using var sluice = await RunningSluice.StartAsync();
        var (code, said) = await RunningSluice.RunAsync("up", "--data", sluice.Data.Root, "--port", "0");
        Assert.Equal(1, code);
        Assert.Contains($"Sluice already runs on {sluice.Data.Root} (process {sluice.Pid}): stop it with kill {sluice.Pid}", said);
        Assert.Equal(["agent", "router", "server"], sluice.Roles());
    }

    [Fact]
    public async Task What_a_killed_up_left_is_cleared_by_the_next()
    {
        await using var killed = await RunningSluice.StartAsync();
        killed.Signal("KILL");
        await killed.EndAsync();
        var orphan = killed.PidOf("router");
        await using var next = await killed.AgainAsync();
        Assert.NotEqual(orphan, next.PidOf("router"));
        Assert.Equal(["agent", "router", "server"], next.Roles());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_dynos_that_were_kept_are_led_to_after_a_stop(bool kept)
    {
        await using var sluice = await RunningSluice.StartAsync(kept ? ["--keep-dynos"] : []);
        await sluice.UntilAsync(() => File.Exists(sluice.Data.RouteTable));
        new SavedTable(sluice.Data).Save(new RouteTable(900, [RouterUnderTest.Route() with { Targets = [new(DynoId.New(), "web.1", "127.0.0.1", 1)] }]));

        sluice.Signal("TERM");
        Assert.Equal(0, await sluice.EndAsync());

        var left = new SavedTable(sluice.Data).Load();
        Assert.Equal((900, kept ? 1 : 0), (left.Number, Assert.Single(left.Routes).Targets.Length));
        await using var again = await sluice.AgainAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restart_of_the_machine_nobody_is_led_to_the_dynos_of_before(bool restarted)
    {
        await using var sluice = await RunningSluice.StartAsync(["--keep-dynos"]);
        await sluice.UntilAsync(() => File.Exists(sluice.Data.RouteTable));
        new SavedTable(sluice.Data).Save(new RouteTable(900, [RouterUnderTest.Route() with { Targets = [new(DynoId.New(), "web.1", "127.0.0.1", 1)] }]));
        sluice.Signal("TERM");
        Assert.Equal(0, await sluice.EndAsync());

        if (restarted)
            File.WriteAllText(sluice.Data.Boot, "another boot\n");
        // A start that gets no further than its port: the server does not come to push a table of its own.
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var (code, _) = await RunningSluice.RunAsync("up", "--data", sluice.Data.Root, "--port", $"{((System.Net.IPEndPoint)taken.LocalEndpoint).Port}");

        Assert.NotEqual(0, code);
        Assert.Equal(restarted ? 0 : 1, Assert.Single(new SavedTable(sluice.Data).Load().Routes).Targets.Length);
    }

    [Fact]
    public async Task A_port_in_use_is_one_sentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var folder = new Storage.TempFolder();
        Assert.Equal(
            (1, $"Port {port} is in use on 127.0.0.1: stop what uses it, or choose another with --port."),
            await Trimmed(RunningSluice.RunAsync("up", "--data", folder.Path, "--port", $"{port}")));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_one_sentence()
    {
        using var folder = new Storage.TempFolder();
        await File.WriteAllTextAsync(folder.At("file"), "", Ct);
        var (code, said) = await RunningSluice.RunAsync("up", "--data", folder.At("file/data"), "--port", "0");
        Assert.Equal(1, code);
        Assert.StartsWith($"The data folder {folder.At("file/data")} cannot be written", said, StringComparison.Ordinal);
        Assert.Single(said.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_parent_that_only_root_may_enter_is_named_with_the_two_ways_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root.");
        using var folder = new Storage.TempFolder();
        var (code, said) = await RunningSluice.RunAsync("up", "--data", folder.At("data"), "--port", "0");
        Assert.Equal(1, code);
        Assert.Contains($"{folder.Path} can be entered by its owner only", said);
        Assert.Contains($"chmod o+x {folder.Path}, or choose another folder with --data.", said);
    }

    [Fact]
    public async Task Two_run_side_by_side()
    {
        await using var one = await RunningSluice.StartAsync();
        await using var two = await RunningSluice.StartAsync();
        Assert.NotEqual(one.Address, two.Address);
        Assert.NotEqual(await File.ReadAllTextAsync(one.Data.InstanceId, Ct), await File.ReadAllTextAsync(two.Data.InstanceId, Ct));
    }

    private static async Task<List<HttpStatusCode>> AskAllTheTimeAsync(Uri address, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = address };
        var answers = new List<HttpStatusCode>();
        while (!stop.IsCancellationRequested)
            answers.Add((await http.GetAsync("/account", CancellationToken.None)).StatusCode);
        return answers;
    }

    private static async Task<(int, string)> Trimmed(Task<(int Code, string Said)> run)
    {
        var (code, said) = await run;
        return (code, said.Trim());
    }

    private static string Owner(int pid)
    {
        var uid = File.ReadAllLines($"/proc/{pid}/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
        return File.ReadAllLines("/etc/passwd").Select(l => l.Split(':')).First(f => f[2] == uid)[0];
    }
}
