using System.Collections.Immutable;
using System.Text;
using Sluice.Runtime;

namespace Sluice.Tests.HerokuCli;

/// <summary>Somebody at a terminal of 90 columns and 30 lines: reads what a program shows there and types answers.</summary>
internal sealed class Typist : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly int pid;
    private readonly PipeStream screen, keys;
    private readonly StringBuilder seen = new();
    private readonly Task<int> ended;
    private int read;

    private Typist(int pid, PipeStream screen, PipeStream keys)
    {
        (this.pid, this.screen, this.keys) = (pid, screen, keys);
        ended = Spawn.WaitAsync(pid, CancellationToken.None);
    }

    public string Seen => seen.ToString();

    public static Typist Start(string[] command, Dictionary<string, string> env, string folder)
    {
        var (ours, theirs) = PseudoTerminal.Open(new TerminalSize(90, 30));
        try
        {
            var pid = Spawn.Start(new SpawnSpec
            {
                File = "/usr/bin/setsid", Args = ["setsid", "--ctty", "--wait", .. command], Env = env.ToImmutableDictionary(), WorkingDirectory = folder,
                Descriptors = [(theirs, 0), (theirs, 1), (theirs, 2)],
            });
            return new Typist(pid, new PipeStream(ours, writes: false), new PipeStream(Libc.fcntl(ours, Libc.F_DUPFD_CLOEXEC, 0), writes: true));
        }
        finally
        {
            Libc.close(theirs);
        }
    }

    public async Task TypeAsync(string text) => await keys.WriteAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);

    /// <summary>Reads until the screen has shown this, after all that was waited for before.</summary>
    public async Task UntilAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        int at;
        while ((at = seen.ToString().IndexOf(text, read, StringComparison.Ordinal)) < 0)
        {
            try
            {
                if (await screen.ReadAsync(buffer, limit.Token) is var count and > 0)
                    seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
                else
                    Assert.Fail($"The program ended without {text}. It showed:\n{seen}");
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{text} did not come. There was:\n{seen}");
            }
        }

        read = at + text.Length;
    }

    /// <summary>Reads to the end; the exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        while (await screen.ReadAsync(buffer, limit.Token) is var count and > 0)
            seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return await ended.WaitAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (!ended.IsCompleted)
            Libc.kill(pid, Libc.SigKill);
        await ended;
        await screen.DisposeAsync();
        await keys.DisposeAsync();
    }
}
