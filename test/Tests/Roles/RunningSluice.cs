using System.Diagnostics;
using System.Text;
using Sluice.Tests.House;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Roles;

/// <summary>A real <c>sluice up</c> over a fresh folder on a free port.</summary>
internal sealed class RunningSluice : IAsyncDisposable
{
    private readonly TempFolder folder;
    private readonly Process up;
    private readonly StringBuilder said;

    private RunningSluice(TempFolder folder, Process up, StringBuilder said) => (this.folder, this.up, this.said) = (folder, up, said);

    public DataFolder Data => new(folder.Path);
    public int Pid => up.Id;
    public Uri Address => new(File.ReadAllText(Data.Address).Trim());
    public string Said
    {
        get
        {
            lock (said)
                return said.ToString();
        }
    }

    public static Task<RunningSluice> StartAsync(params string[] flags) => StartInAsync(new TempFolder(), flags);

    /// <summary>In a folder that was made ready for it; it goes away with the server.</summary>
    public static Task<RunningSluice> StartInAsync(TempFolder folder, params string[] flags) => StartInAsync(folder, database: null, flags);

    /// <param name="database">What holds the records; null: SQLite in the folder.</param>
    public static async Task<RunningSluice> StartInAsync(TempFolder folder, string? database, string[] flags)
    {
        var (up, said) = Launch(["up", "--data", folder.Path, "--port", "0", .. flags], database);
        var sluice = new RunningSluice(folder, up, said);
        await sluice.UntilAsync(() => File.Exists(sluice.Data.Address));
        return sluice;
    }

    /// <summary>Starts <c>up</c> on the same folder again.</summary>
    public async Task<RunningSluice> AgainAsync(params string[] flags)
    {
        var (again, said) = Launch(["up", "--data", folder.Path, "--port", "0", .. flags]);
        var sluice = new RunningSluice(folder, again, said);
        await sluice.UntilAsync(() => File.Exists(sluice.Data.Address) && sluice.Said.Contains("is ready", StringComparison.Ordinal));
        return sluice;
    }

    /// <summary>Runs the binary to its end.</summary>
    public static async Task<(int Code, string Said)> RunAsync(params string[] args)
    {
        var (process, said) = Launch(args);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        return (process.ExitCode, said.ToString());
    }

    public async Task UntilAsync(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.False(up.HasExited, $"up ended with code {(up.HasExited ? up.ExitCode : 0)} and said: {Said}");
            Assert.True(tries < 3000, $"It did not come about within 60 s. up said: {Said}");
            await Task.Delay(20);
        }
    }

    /// <summary>A role that is just being started again has none for a moment.</summary>
    public int PidOf(string role)
    {
        SpinWait.SpinUntil(() => File.Exists(Data.PidFile(role)), TimeSpan.FromSeconds(30));
        return int.Parse(File.ReadAllText(Data.PidFile(role)));
    }

    public void Signal(string signal) => Signal(Pid, signal);

    public static void Signal(int pid, string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, $"{pid}"]);
        kill.WaitForExit();
    }

    /// <summary>SIGSTOP, and waits until each thread stands: on a busy machine some run on for a moment.</summary>
    public static async Task StopWholeAsync(int pid)
    {
        Signal(pid, "STOP");
        while (Directory.GetDirectories($"/proc/{pid}/task").Any(thread => !File.ReadAllText(Path.Combine(thread, "stat")).Contains(") T ", StringComparison.Ordinal)))
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // Not WaitForExitAsync: that waits for the end of output, too, which roles left behind keep open.
        while (!up.HasExited)
            await Task.Delay(10, limit.Token);
        return up.ExitCode;
    }

    /// <summary>Roles of this folder that run, by the process list.</summary>
    public IEnumerable<string> Roles() => Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(CommandLine)
        .Where(words => words is ["sluice", "server" or "router" or "agent", ..] && words.Contains(folder.Path)).Select(words => words[1]).Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        if (!up.HasExited)
        {
            Signal("TERM");
            await EndAsync();
        }
        up.Dispose();
        if (Directory.Exists(folder.Path))
            folder.Dispose();
    }

    private static string[] CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static (Process, StringBuilder) Launch(string[] args, string? database = null)
    {
        var said = new StringBuilder();
        var process = new Process { StartInfo = new ProcessStartInfo(Built.Server, args) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true } };
        if (database is not null)
            process.StartInfo.Environment["SLUICE_DATABASE_URL"] = database;
        process.ErrorDataReceived += (_, line) => Note(said, line.Data);
        process.OutputDataReceived += (_, line) => Note(said, line.Data);
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return (process, said);
    }

    private static void Note(StringBuilder said, string? line)
    {
        lock (said)
            said.AppendLine(line);
    }
}
