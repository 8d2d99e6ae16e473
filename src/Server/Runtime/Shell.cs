using System.Collections.Immutable;
using System.Text;

namespace Sluice.Runtime;

/// <summary>
/// A program to run, as data: built by pure code, run in one place. Never a joined string and never a shell, so a word can hold anything.
/// </summary>
public sealed record Command(string File, params ImmutableArray<string> Args)
{
    /// <summary>The whole environment; <c>PATH</c> is added when it is missing.</summary>
    public ImmutableDictionary<string, string> Env { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>Words that must not be shown; they read <c>[redacted]</c> in messages.</summary>
    public ImmutableArray<string> Secrets { get; init; } = [];

    public Command With(string name, string value) => this with { Env = Env.SetItem(name, value) };

    /// <summary>As a person would type it, secrets redacted, the environment left out.</summary>
    public override string ToString()
    {
        var text = string.Join(' ', Args.Prepend(File).Select(Quote));
        return Redact(text);
    }

    public string Redact(string text) => Secrets.Aggregate(text, (t, secret) => secret.Length == 0 ? t : t.Replace(secret, "[redacted]", StringComparison.Ordinal));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=@%+,^{}".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>How a command ended, with what it printed (each stream cut at the limit given).</summary>
public sealed record CommandResult(int ExitCode, byte[] Output, string Errors)
{
    public string Text => Encoding.UTF8.GetString(Output);
}

/// <summary>A command ended with another code than 0 where success was needed; the message has the command and the end of its error output.</summary>
public sealed class CommandFailedException(string message, CommandResult result) : Exception(message)
{
    public CommandResult Result { get; } = result;
}

/// <summary>Runs commands.</summary>
public static class Shell
{
    public const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const int OutputLimit = 64 * 1024 * 1024;
    private const int ErrorLimit = 64 * 1024;

    /// <summary>Runs to the end, whatever its code. Cancelling kills it. Output over 64 MiB is read and dropped.</summary>
    public static async Task<CommandResult> RunAsync(Command command, CancellationToken ct, ReadOnlyMemory<byte> input = default)
    {
        await using var running = Start(command);
        var output = CaptureAsync(running.Output, OutputLimit, ct);
        var errors = CaptureAsync(running.Errors, ErrorLimit, ct);
        await FeedAsync(running, input, ct);
        var (printed, complaint) = (await output, await errors);
        return new CommandResult(await running.Exit.WaitAsync(ct), printed, command.Redact(Encoding.UTF8.GetString(complaint)));
    }

    /// <summary>Runs to the end; another code than 0 is thrown as <see cref="CommandFailedException"/>.</summary>
    public static async Task<string> TextAsync(Command command, CancellationToken ct, ReadOnlyMemory<byte> input = default)
    {
        var result = await RunAsync(command, ct, input);
        return result.ExitCode == 0 ? result.Text
            : throw new CommandFailedException($"`{command}` ended with {result.ExitCode}: {Tail(result.Errors)}", result);
    }

    /// <summary>Starts it with its three streams open. Disposing kills what still runs and waits for its end.</summary>
    public static RunningCommand Start(Command command) => new(command);

    private static async Task FeedAsync(RunningCommand running, ReadOnlyMemory<byte> input, CancellationToken ct)
    {
        try
        {
            await running.Input.WriteAsync(input, ct);
        }
        catch (IOException) when (input.Length > 0)
        {
            // It did not want all of its input; its exit code tells whether that was well.
        }
        await running.Input.DisposeAsync();
    }

    private static async Task<byte[]> CaptureAsync(Stream stream, int limit, CancellationToken ct)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[32 * 1024];
        while (await stream.ReadAsync(buffer, ct) is var count and > 0)
            kept.Write(buffer, 0, Math.Min(count, limit - (int)kept.Length));
        return kept.ToArray();
    }

    private static string Tail(string text) => text.Length <= 2000 ? text.Trim() : text[^2000..].Trim();
}

/// <summary>A command on its way: write to <see cref="Input"/> and dispose it to end it; read the other two to their end or it may block.</summary>
public sealed class RunningCommand : IAsyncDisposable
{
    private readonly int pid;

    internal RunningCommand(Command command)
    {
        var (input, output, errors) = (Pipe.Open(), Pipe.Open(), Pipe.Open());
        Input = new PipeStream(input.Write, writes: true);
        Output = new PipeStream(output.Read, writes: false);
        Errors = new PipeStream(errors.Read, writes: false);
        try
        {
            pid = Spawn.Start(new SpawnSpec
            {
                File = Find(command),
                Args = [command.File, .. command.Args],
                Env = command.Env.ContainsKey("PATH") ? command.Env : command.Env.Add("PATH", Shell.Path),
                WorkingDirectory = command.WorkingDirectory,
                Descriptors = [(input.Read, 0), (output.Write, 1), (errors.Write, 2)],
            });
        }
        catch
        {
            Input.Dispose();
            Output.Dispose();
            Errors.Dispose();
            throw;
        }
        finally
        {
            Libc.close(input.Read);
            Libc.close(output.Write);
            Libc.close(errors.Write);
        }
        Exit = Spawn.WaitAsync(pid, CancellationToken.None);
    }

    public Stream Input { get; }
    public Stream Output { get; }
    public Stream Errors { get; }

    /// <summary>Its code; 128 + signal when it was killed.</summary>
    public Task<int> Exit { get; }

    public void Signal(int signal)
    {
        if (!Exit.IsCompleted)
            Spawn.Kill(pid, signal);
    }

    public async ValueTask DisposeAsync()
    {
        Signal(Libc.SigKill);
        await Exit;
        await Input.DisposeAsync();
        await Output.DisposeAsync();
        await Errors.DisposeAsync();
    }

    private static string Find(Command command) =>
        command.File.Contains('/', StringComparison.Ordinal) ? command.File
        : (command.Env.GetValueOrDefault("PATH") ?? Shell.Path).Split(':').Select(folder => System.IO.Path.Combine(folder, command.File)).FirstOrDefault(File.Exists)
          ?? throw new IOException($"The program `{command.File}` is not installed.");
}

/// <summary>Both ends of a pipe, closed on exec.</summary>
internal static unsafe class Pipe
{
    public static (int Read, int Write) Open()
    {
        var ends = stackalloc int[2];
        Libc.Check(Libc.pipe2(ends, Libc.O_CLOEXEC), "Making a pipe");
        return (ends[0], ends[1]);
    }
}
