using System.Runtime.CompilerServices;
using System.Text;

namespace Sluice.Logs;

/// <summary>
/// What one build or one release phase printed: a file that one writer appends to and any number of readers follow while it grows.
/// Its lines are durable once it is closed. A file whose writer died is an end like any other: readers stop at what is there.
/// </summary>
public sealed class OutputLog : IAsyncDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly FileStream file;
    private readonly OpenLogs open;
    private readonly long limit;
    private readonly SemaphoreSlim one = new(1);
    private long written;
    private bool cut;

    internal OutputLog(string path, long limit, OpenLogs open)
    {
        this.open = open;
        this.limit = limit;
        Path = path;
        file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, Options = FileOptions.Asynchronous,
        });
    }

    public string Path { get; }

    /// <summary>Appends one line (its newline is added here). Beyond the limit one line says so and the rest is dropped.</summary>
    public Task WriteLineAsync(string line, CancellationToken ct) => WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), ct);

    /// <summary>Appends bytes as they are.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            if (cut)
                return;
            if (written + bytes.Length > limit)
            {
                cut = true;
                bytes = Encoding.UTF8.GetBytes($"\n[the output is longer than {limit / (1024 * 1024)} MB: the rest is not shown]\n");
            }
            await file.WriteAsync(bytes, CancellationToken.None);
            written += bytes.Length;
        }
        finally
        {
            one.Release();
        }
        open.Grew(Path);
    }

    /// <summary>Makes it durable and lets its readers end.</summary>
    public async ValueTask DisposeAsync()
    {
        await one.WaitAsync();
        try
        {
            file.Flush(flushToDisk: true);
        }
        finally
        {
            await file.DisposeAsync();
            open.Ended(Path);
        }
    }

    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(
        string path, long after, OpenLogs open, TimeProvider clock, [EnumeratorCancellation] CancellationToken ct)
    {
        FileStream reading;
        try
        {
            reading = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.Asynchronous);
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            yield break;
        }
        await using var _ = reading;
        reading.Seek(after, SeekOrigin.Begin);
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var isOpen = open.IsGrowing(path, out var growth);   // asked before reading: what comes between is not missed
            int count;
            while ((count = await reading.ReadAsync(buffer, ct)) > 0)
                yield return buffer.AsMemory(0, count).ToArray();
            if (!isOpen)
                yield break;
            await Task.WhenAny(growth, Task.Delay(LookAgain, clock, ct));
            ct.ThrowIfCancellationRequested();
        }
    }
}
