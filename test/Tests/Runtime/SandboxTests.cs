using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

/// <summary>A real sandbox host as root on a fresh DIR, shared by the tests of a class.</summary>
public sealed class RootSandboxes : IAsyncLifetime
{
    internal DataFolder Data { get; } = new(Directory.CreateTempSubdirectory("sluice-sandbox-").FullName);
    internal SandboxHost Host { get; private set; } = null!;
    internal string Slug { get; private set; } = "";

    public ValueTask InitializeAsync()
    {
        File.SetUnixFileMode(Data.Root, (UnixFileMode)Convert.ToInt32("755", 8));
        Host = new SandboxHost(Data, TimeProvider.System);
        Slug = Directory.CreateDirectory(Path.Combine(Data.Root, "slug")).FullName;
        File.WriteAllText(Path.Combine(Slug, "hello.txt"), "hello from the slug\n");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Directory.Delete(Data.Root, recursive: true);
    }

    internal SandboxSpec Spec(string command, int memoryMb = 256, int processes = 64, TimeSpan? time = null, AppId? app = null, ImmutableDictionary<string, string>? env = null) => new()
    {
        Id = Guid.NewGuid().ToString("N"), App = app ?? AppId.New(), Use = SandboxUse.Run, Hostname = "run.1", Mounts = [], LayOut = Slug, Env = env ?? [],
        Command = command, Limits = new SandboxLimits { MemoryMb = memoryMb, CpuPercent = 100, Processes = processes, FileSizeBytes = 1 << 30, Time = time ?? TimeSpan.FromSeconds(30) }, KeepUp = false,
    };

    internal async Task<(SandboxExit Exit, string Output)> RunAsync(SandboxSpec spec)
    {
        var output = new MemoryStream();
        var exit = await Host.RunAsync(spec, bytes => { output.Write(bytes.Span); return default; }, TestContext.Current.CancellationToken);
        return (exit, Encoding.UTF8.GetString(output.ToArray()));
    }

    internal async Task<string> SayAsync(string command)
    {
        var (exit, output) = await RunAsync(Spec(command));
        Assert.True(exit.Code == 0, $"{exit}: {output}");
        return output.TrimEnd();
    }
}

public sealed class SandboxTests(RootSandboxes sandboxes) : IClassFixture<RootSandboxes>
{
    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("kill -SEGV $$", 139)]
    public async Task The_exit_code_is_the_shells(string command, int code) => Assert.Equal(new SandboxExit(code, false, false), (await sandboxes.RunAsync(sandboxes.Spec(command))).Exit);

    [Fact]
    public async Task One_that_is_killed_in_its_first_moment_is_dead()
    {
        for (var i = 0; i < 20; i++)
        {
            var exit = await sandboxes.Host.RunAsync(
                sandboxes.Spec("sleep 300", time: TimeSpan.FromSeconds(20)), _ => default, async (sandbox, _) => await sandbox.KillAsync(), TestContext.Current.CancellationToken);
            Assert.Equal(new SandboxExit(137, OutOfMemory: false, TimedOut: false), exit);
        }
    }

    [Theory]
    [InlineData("", "child-pid", null)]
    [InlineData("{ \"child-pid\": 4711", "child-pid", 4711)]
    [InlineData("{ \"child-pid\": 4711, \"ipc-namespace\": 4026532", "exit-code", null)]
    [InlineData("{ \"child-pid\": 4711, \"ipc-namespace\": 4026532 }\n{ \"exit-code\": 0 }\n", "exit-code", 0)]
    public void What_bwrap_said_so_far_is_read_in_the_middle_of_a_line_too(string text, string member, int? number) => Assert.Equal(number, StatusLines.Find(text, member));

    [Fact]
    public async Task The_slug_is_at_app_and_what_is_written_there_dies_with_the_sandbox()
    {
        Assert.Equal("hello from the slug\n/app", await sandboxes.SayAsync("cat hello.txt && pwd && echo changed > new.txt && mkdir d"));
        Assert.Equal(["hello.txt"], Directory.EnumerateFileSystemEntries(sandboxes.Slug).Select(p => Path.GetFileName(p)!));
    }

    [Fact]
    public async Task All_of_app_belongs_to_the_dyno_and_can_be_changed_without_the_slug_changing()
    {
        var slug = Directory.CreateDirectory(Path.Combine(sandboxes.Data.Root, Guid.NewGuid().ToString("N"))).FullName;
        var deep = Directory.CreateDirectory(Path.Combine(slug, "a/b")).FullName;
        await File.WriteAllTextAsync(Path.Combine(deep, "file"), "old\n");
        File.SetUnixFileMode(Path.Combine(deep, "file"), UnixFileMode.UserRead);
        var (exit, output) = await sandboxes.RunAsync(sandboxes.Spec("stat -c %U . a a/b a/b/file; echo new > a/b/new; chmod u+w a/b/file; echo more >> a/b/file; cat a/b/file; rm a/b/file; ls a/b") with { LayOut = slug });
        Assert.Equal("dyno\ndyno\ndyno\ndyno\nold\nmore\nnew\n", output);
        Assert.Equal(0, exit.Code);
        Assert.Equal("old\n", await File.ReadAllTextAsync(Path.Combine(deep, "file")));
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(deep).Select(p => Path.GetFileName(p)!));
    }

    [Fact]
    public async Task No_probe_gets_out() => await SandboxCheck.RunAsync(sandboxes.Host, sandboxes.Data, TestContext.Current.CancellationToken);

    [Fact]
    public async Task The_probes_succeed_where_nothing_isolates()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        foreach (var (what, text) in SandboxCheck.Probes.Where(p => p.What is not ("mount" or "write a kernel setting" or "write to the stack" or "change its own limits" or "find an open descriptor" or "see processes of the host" or "read what started it")))
        {
            var outside = new Command("bash", "-c", $"({text}) >/dev/null 2>&1").With("CANARY", "/etc/passwd").With("HOST_ADDRESS", "127.0.0.1").With("HOST_PORT", $"{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}");
            Assert.True((await Shell.RunAsync(outside, TestContext.Current.CancellationToken)).ExitCode == 0, what);
        }
    }

    [Fact]
    public async Task The_processes_see_no_descriptor_and_no_environment_of_the_agent()
    {
        Assert.Equal("0 1 2 3", await sandboxes.SayAsync("echo $(ls /proc/self/fd)"));
        Assert.Equal("", await sandboxes.SayAsync("cat /proc/1/environ"));
        var (_, names) = await sandboxes.RunAsync(sandboxes.Spec("env | cut -d= -f1 | sort | tr '\\n' ' '", env: ImmutableDictionary<string, string>.Empty.Add("SECRET", "x")));
        Assert.Equal("HOME LANG OLDPWD PATH PWD SECRET SHLVL _ ", names.Contains("OLDPWD", StringComparison.Ordinal) ? names : names.Replace("LANG ", "LANG OLDPWD ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_config_var_is_in_no_process_list_of_the_host()
    {
        var canary = Guid.NewGuid().ToString("N");
        var running = sandboxes.RunAsync(sandboxes.Spec("echo $SECRET; sleep 1", env: ImmutableDictionary<string, string>.Empty.Add("SECRET", canary)));
        await Task.Delay(500);
        var seen = await Shell.TextAsync(new Command("ps", "axwwwe"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(canary, (await Shell.TextAsync(new Command("ps", "axww"), TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        Assert.Contains("--json-status-fd", seen, StringComparison.Ordinal);
        Assert.Equal(canary + "\n", (await running).Output);
    }

    [Fact]
    public async Task What_belongs_to_another_app_cannot_be_read()
    {
        var (a, b) = (AppId.New(), AppId.New());
        var folder = Directory.CreateDirectory(Path.Combine(sandboxes.Data.Root, Guid.NewGuid().ToString("N"))).FullName;
        var file = Path.Combine(folder, "secret");
        await File.WriteAllTextAsync(file, "of a");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        await Shell.TextAsync(new Command("chown", $"{sandboxes.Host.UidOf(a, SandboxUse.Run)}", file), TestContext.Current.CancellationToken);
        var spec = sandboxes.Spec("cat /data/secret") with { Mounts = [new SandboxMount(folder, "/data", Writable: true)] };
        Assert.Equal("of a", (await sandboxes.RunAsync(spec with { App = a })).Output);
        Assert.Contains("Permission denied", (await sandboxes.RunAsync(spec with { App = b, Id = Guid.NewGuid().ToString("N") })).Output, StringComparison.Ordinal);
        Assert.Contains("Permission denied", (await sandboxes.RunAsync(spec with { App = a, Use = SandboxUse.Build, Id = Guid.NewGuid().ToString("N") })).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fork_bomb_is_bounded()
    {
        var (exit, output) = await sandboxes.RunAsync(sandboxes.Spec("for i in $(seq 200); do sleep 20 & done; wait", processes: 32, time: TimeSpan.FromSeconds(2)));
        Assert.Contains("Resource temporarily unavailable", output, StringComparison.Ordinal);
        Assert.NotEqual(0, exit.Code);
    }

    [Fact]
    public async Task A_memory_hog_is_killed_and_said_so()
    {
        var (exit, _) = await sandboxes.RunAsync(sandboxes.Spec("python3 -c 'x = bytearray(400_000_000); print(len(x))'; sleep 20", memoryMb: 128));
        Assert.True(exit.OutOfMemory, exit.ToString());
        Assert.NotEqual(0, exit.Code);
    }

    [Fact]
    public async Task What_is_writable_has_a_size()
    {
        var (_, output) = await sandboxes.RunAsync(sandboxes.Spec("for d in /tmp /dev/shm /app; do head -c 300M /dev/zero > $d/big; rm $d/big; done; touch /x /dev/x /etc/x /run/x; df -m --output=size /tmp /dev/shm /app | tr -d ' ' | tr '\\n' ' '", memoryMb: 512));
        Assert.Contains("/dev/shm/big: No space left", output.Replace("head: error writing 'standard output'", "/dev/shm/big", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(4, output.Split("Read-only file system").Length - 1);
        Assert.EndsWith("256 64 256 ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_writable_holds_so_many_files()
    {
        var (_, output) = await sandboxes.RunAsync(sandboxes.Spec("cd /app; for i in $(seq 120000); do : >f$i || break; done 2>&1 | tail -1; ls | wc -l"));
        Assert.Contains("No space left on device", output, StringComparison.Ordinal);
        Assert.InRange(int.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]), 90_000, 100_000);
    }

    [Fact]
    public async Task Open_files_files_cores_and_processors_are_limited()
    {
        Assert.Equal("10000 10000 0 1048576", await sandboxes.SayAsync("echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -Hc) $(ulimit -Hf)"));
        var (_, large) = await sandboxes.RunAsync(sandboxes.Spec("python3 -c 'open(\"/tmp/sparse\", \"wb\").truncate((1 << 30) + 1)' || echo refused"));
        Assert.EndsWith("refused\n", large, StringComparison.Ordinal);
        Assert.Equal("100000 100000", await sandboxes.SayAsync("echo $(cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)"));
    }

    [Fact]
    public async Task A_processor_that_is_not_its_own_is_not_used()
    {
        var half = sandboxes.Spec("timeout 3 bash -c 'while :; do :; done'; times | tail -1");
        var began = Stopwatch.GetTimestamp();
        var (_, output) = await sandboxes.RunAsync(half with { Limits = half.Limits with { CpuPercent = 20 } });
        var used = System.Text.RegularExpressions.Regex.Match(output, @"0m([\d.]+)s 0m([\d.]+)s");
        var seconds = double.Parse(used.Groups[1].Value) + double.Parse(used.Groups[2].Value);
        Assert.True(seconds < Stopwatch.GetElapsedTime(began).TotalSeconds * 0.3, $"{seconds} s of a processor within {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {output}");
    }

    [Fact]
    public async Task The_time_limit_ends_it()
    {
        var began = Stopwatch.GetTimestamp();
        var (exit, _) = await sandboxes.RunAsync(sandboxes.Spec("trap '' TERM; setsid sleep 60 & sleep 60", time: TimeSpan.FromMilliseconds(700)));
        Assert.True(exit.TimedOut);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Cancelling_kills_all_that_is_inside_and_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var spec = sandboxes.Spec("setsid sleep 61234 & echo begun; sleep 61234");
        var running = sandboxes.Host.RunAsync(spec, _ => { begun.TrySetResult(); return default; }, cancel.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(15));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.DoesNotContain("sleep 61234", await Shell.TextAsync(new Command("ps", "axww"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(sandboxes.Data.Sandboxes, spec.Id)));
        Assert.DoesNotContain(spec.Id, await File.ReadAllTextAsync("/proc/mounts"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories("/sys/fs/cgroup", spec.Id, SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_process_left_in_the_background_ends_with_its_command()
    {
        var (exit, output) = await sandboxes.RunAsync(sandboxes.Spec("setsid sleep 71234 >/dev/null 2>&1 & echo done"));
        Assert.Equal((0, "done\n"), (exit.Code, output));
        Assert.DoesNotContain("sleep 71234", await Shell.TextAsync(new Command("ps", "axww"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_streams_arrive_whole_and_in_order_however_much_it_is()
    {
        var (exit, output) = await sandboxes.RunAsync(sandboxes.Spec("for i in $(seq 20000); do echo out $i; echo err $i >&2; done"));
        Assert.Equal(0, exit.Code);
        Assert.Equal(Enumerable.Range(1, 20000).SelectMany(i => new[] { $"out {i}", $"err {i}" }), output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(20_000_000, (await sandboxes.RunAsync(sandboxes.Spec("head -c 20000000 /dev/zero | tr '\\0' x"))).Output.Length);
    }

    [Fact]
    public async Task Neither_the_host_nor_a_neighbour_nor_the_metadata_address_is_reached()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Any, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var address = new TaskCompletionSource<string>();
        using var stop = new CancellationTokenSource();
        var neighbour = sandboxes.Host.RunAsync(sandboxes.Spec("hostname -I; exec python3 -m http.server 5000"), bytes => { address.TrySetResult(Encoding.UTF8.GetString(bytes.Span).Trim()); return default; }, stop.Token);
        var there = System.Net.IPAddress.Parse(await address.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        await WaitForAsync(there, 5000);   // the host reaches it
        var itsHost = there.GetAddressBytes();
        itsHost[3]--;
        var output = await sandboxes.SayAsync($$"""
            for to in 127.0.0.1/{{port}} {{new System.Net.IPAddress(itsHost)}}/{{port}} {{there}}/5000 169.254.169.254/80 ::1/{{port}}; do
              timeout 1 bash -c "exec 3<>/dev/tcp/$to" 2>/dev/null && echo "reached $to"
            done
            python3 -m http.server 5001 >/dev/null 2>&1 & sleep 1
            timeout 1 bash -c "exec 3<>/dev/tcp/127.0.0.1/5001" && echo own loopback
            """);
        Assert.Equal("own loopback", output);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => neighbour);
    }

    private static async Task WaitForAsync(System.Net.IPAddress address, int port)
    {
        for (var tries = 0; ; tries++)
        {
            using var client = new System.Net.Sockets.TcpClient();
            try
            {
                await client.ConnectAsync(address, port);
                return;
            }
            catch (System.Net.Sockets.SocketException) when (tries < 200)
            {
                await Task.Delay(50);
            }
        }
    }

    [Fact]
    public async Task A_runtime_inside_sees_its_own_limits() => Assert.Equal(
        $"{128 << 20}\n",
        (await sandboxes.RunAsync(sandboxes.Spec("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null", memoryMb: 128))).Output);

    [Fact]
    public async Task Profile_scripts_of_the_slug_are_sourced_before_the_command()
    {
        var slug = Directory.CreateDirectory(Path.Combine(sandboxes.Data.Root, "profiled")).FullName;
        Directory.CreateDirectory(Path.Combine(slug, ".profile.d"));
        await File.WriteAllTextAsync(Path.Combine(slug, ".profile.d", "one.sh"), "export ONE=1\n");
        Assert.Equal("1 'quoted' $x\n", (await sandboxes.RunAsync(sandboxes.Spec("""echo "$ONE 'quoted'" '$x'""") with { LayOut = slug })).Output);
    }

    [Fact]
    public async Task Nothing_is_mounted_below_app_or_from_a_link()
    {
        var link = Path.Combine(sandboxes.Data.Root, "link");
        File.CreateSymbolicLink(link, "/etc");
        await Assert.ThrowsAsync<ArgumentException>(() => sandboxes.RunAsync(sandboxes.Spec("true") with { Mounts = [new SandboxMount("/tmp", "/app/tmp", false)] }));
        await Assert.ThrowsAsync<ArgumentException>(() => sandboxes.RunAsync(sandboxes.Spec("true") with { Mounts = [new SandboxMount(link, "/data", false)] }));
        File.Delete(link);
    }

    [Fact]
    public async Task A_sandbox_costs_little_more_than_a_process()
    {
        static async Task<double> MedianAsync(Func<Task> run)
        {
            var times = new List<double>();
            for (var i = 0; i < 15; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await run();
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                await Task.Delay(100);
            }
            return times.Order().ElementAt(times.Count / 2);
        }
        var plain = await MedianAsync(() => Shell.TextAsync(new Command("bash", "-c", "true"), TestContext.Current.CancellationToken));
        var app = AppId.New();
        var sandbox = await MedianAsync(() => sandboxes.RunAsync(sandboxes.Spec("true", app: app)));
        TestContext.Current.TestOutputHelper?.WriteLine($"plain {plain:0.0} ms, sandbox from start to cleared {sandbox:0.0} ms");
        Assert.True(sandbox < plain + 1000, $"plain {plain:0.0} ms, sandbox {sandbox:0.0} ms");
    }
}
