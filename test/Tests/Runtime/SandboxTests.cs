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
    public async Task The_slug_is_at_app_and_what_is_written_there_dies_with_the_sandbox()
    {
        Assert.Equal("hello from the slug\n/app", await sandboxes.SayAsync("cat hello.txt && pwd && echo changed > new.txt && mkdir d"));
        Assert.Equal(["hello.txt"], Directory.EnumerateFileSystemEntries(sandboxes.Slug).Select(p => Path.GetFileName(p)!));
    }
}
