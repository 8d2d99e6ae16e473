using System.Globalization;

namespace Sluice;

/// <summary>
/// Which server of a DIR has the say: each one takes a number at its start, greater than all before, and says it with whatever it asks of agent and router. Both
/// look into DIR and refuse who has a lower one; so does the server itself before it writes. A server that was stopped (SIGSTOP, a machine that slept) and wakes
/// up beside its successor can therefore start, stop and decide nothing: it learns that it is stale, and ends.
/// </summary>
public sealed class ServerTerm
{
    /// <summary>The header by which the router is told.</summary>
    public const string Header = "Sluice-Term";

    public const string Sentence = "A newer server has taken over; this one has no say any more.";

    /// <summary>Numbers are never below the seconds since then: records that come back from a backup do not go back behind a server that still runs.</summary>
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DataFolder data;
    private readonly TaskCompletionSource superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerTerm(DataFolder data, long number) => (this.data, Number) = (data, number);

    public long Number { get; }

    /// <summary>Completes when this server has learnt that it is stale.</summary>
    public Task Superseded => superseded.Task;

    /// <summary>From now on this process has the say.</summary>
    public static ServerTerm Take(DataFolder data, TimeProvider clock)
    {
        // Two that start at the same moment must not take the same number.
        using var one = new FileStream(data.Term + ".lock", new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None });
        var number = Math.Max(Now(data) + 1, (long)(clock.GetUtcNow() - Epoch).TotalSeconds);
        using (var fresh = new FileStream(data.Term + ".new", FileMode.Create))
        {
            fresh.Write(System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
            fresh.Flush(flushToDisk: true);
        }
        File.Move(data.Term + ".new", data.Term, overwrite: true);
        return new ServerTerm(data, number);
    }

    /// <summary>True when a server with that number has no say (any more). One that says none, as the supervisor, is no server.</summary>
    public static bool IsStale(DataFolder data, long? number) => number < Now(data);

    /// <summary>To be asked before something is decided.</summary>
    /// <exception cref="RefusedException">This server is stale.</exception>
    public void Demand()
    {
        if (!IsStale(data, Number))
            return;
        NoteStale();
        throw Refuse.Unavailable(Sentence);
    }

    /// <summary>Agent or router said so.</summary>
    public void NoteStale() => superseded.TrySetResult();

    /// <summary>0 before the first.</summary>
    private static long Now(DataFolder data)
    {
        try
        {
            return long.TryParse(File.ReadAllText(data.Term), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }
}
