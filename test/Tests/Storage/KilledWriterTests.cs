using System.Diagnostics;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>A real process that writes, is killed between two writes or at a gate, and everything that it said was written is there.</summary>
public sealed class KilledWriterTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder folder = new();

    private string DbFile => folder.At("sluice.db");

    private string Acknowledged => folder.At("acknowledged");

    /// <summary>The child: this test program, asked for this one "test". Eight writers; each notes what was acknowledged.</summary>
    [Fact(Explicit = true)]
    public async Task Child()
    {
        var path = Environment.GetEnvironmentVariable("SLUICE_TEST_CHILD") ?? throw new InvalidOperationException("Only for KilledWriterTests.");
        await using var db = SqliteDb.Open(Path.Combine(path, "sluice.db"), TimeProvider.System);
        await using var notes = new FileStream(Path.Combine(path, "acknowledged"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var email = $"{Environment.ProcessId}-{writer}-{i}";
                await db.WriteAsync(new Act("account.create", email), tx => tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({AccountId.New()}, {email}, 0, 0)"), None);
                lock (notes)
                    notes.Write(System.Text.Encoding.ASCII.GetBytes(email + "\n"));
            }
        })));
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_by_kills()
    {
        for (var round = 1; round <= 3; round++)
        {
            using var child = StartChild(crashAt: null);
            var wanted = round * 1500;
            while (AcknowledgedLines().Length < wanted && !child.HasExited)
                await Task.Delay(5);
            Assert.False(child.HasExited);
            child.Kill();
            await child.WaitForExitAsync();
            await CheckAsync();
        }
    }

    [Theory]
    [InlineData("sqlite.commit#40")]
    [InlineData("sqlite.committed#40")]
    [InlineData("migration.written")]
    public async Task Dying_at_a_gate_leaves_whole_writes_only(string gate)
    {
        using var child = StartChild(gate);
        await child.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
        Assert.NotEqual(0, child.ExitCode);
        await CheckAsync();
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Each acknowledged write is there, each write has its event and the reverse, and the file is intact.</summary>
    private async Task CheckAsync()
    {
        await using var db = SqliteDb.Open(DbFile, TimeProvider.System);
        var written = (await db.ListAsync($"SELECT email FROM accounts", r => r.Text("email"), None)).ToHashSet();
        var events = await db.ListAsync($"SELECT subject FROM events", r => r.Text("subject"), None);
        Assert.Subset(written, AcknowledgedLines().ToHashSet());
        Assert.Equal(written.Order(), events.Order());
        Assert.Equal("ok", await db.FindAsync($"PRAGMA integrity_check", r => r.Text("integrity_check"), None));
    }

    private string[] AcknowledgedLines()
    {
        if (!File.Exists(Acknowledged))
            return [];
        using var reader = new StreamReader(new FileStream(Acknowledged, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private Process StartChild(string? crashAt)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-method", typeof(KilledWriterTests).FullName + "." + nameof(Child), "-explicit", "only", "-noLogo"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["SLUICE_TEST_CHILD"] = folder.Path;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        if (crashAt is not null)
            start.Environment["SLUICE_CRASH_AT"] = crashAt;
        var child = Process.Start(start)!;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }
}
