using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sluice.Router;

/// <summary>
/// Where a connection waits for its first byte, and for the head of its first request, before there is anything of HTTP's for it. Who sends a head slowly, and there may be ten
/// thousand of them, costs one small buffer and a place in a list. Who is late is told so and closed: without exceptions, and a few at a time.
/// </summary>
internal sealed class Foyer : IDisposable
{
    private const int LongestHead = 8 * 1024;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly byte[] Late = Refusals.Answer(StatusCodes.Status408RequestTimeout, "");

    private readonly RouterLimits limits;
    private readonly LinkedList<Guest> waiting = [];
    private readonly Timer watch;

    public Foyer(RouterLimits limits)
    {
        this.limits = limits;
        watch = new Timer(_ => SendAwayLate(), null, Look, Look);
    }

    /// <summary>Connections that are not through yet.</summary>
    public int Count
    {
        get
        {
            lock (waiting)
                return waiting.Count;
        }
    }

    /// <summary>Goes on when a whole head is there, or what is none.</summary>
    public void Use(ListenOptions listen) => listen.Use(http => async connection =>
    {
        var came = await WaitAsync(connection.Transport.Input, IsForHttp);
        if (came.IsEnough)
            await http(connection);
        else if (came.First is not null)
            await connection.Transport.Output.WriteAsync(Late);
    });

    /// <summary>Waits until enough has come, of which nothing is taken. Not enough has when that took too long, when too many wait, or when the client left.</summary>
    public async ValueTask<Came> WaitAsync(PipeReader input, Func<ReadOnlySequence<byte>, bool> isEnough)
    {
        Guest? guest = null;
        try
        {
            while (true)
            {
                if (!input.TryRead(out var read))
                {
                    guest ??= Enter(input);
                    read = await input.ReadAsync();
                }
                var isHere = isEnough(read.Buffer) || (read.IsCompleted && !read.Buffer.IsEmpty);
                var isOver = read.IsCompleted || read.IsCanceled;
                byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
                input.AdvanceTo(read.Buffer.Start, isHere || isOver ? read.Buffer.Start : read.Buffer.End);
                if (isHere || isOver)
                    return new Came((guest is null || Leave(guest)) && isHere, first);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            if (guest is not null)
                Leave(guest);
            return new Came(false, null);
        }
    }

    public void Dispose() => watch.Dispose();

    /// <summary>The head is whole; or it is none, and then that is said at once; or it is so long that HTTP's own limits concern it.</summary>
    internal static bool IsForHttp(ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length >= LongestHead)
            return true;
        Span<byte> copy = stackalloc byte[buffer.IsSingleSegment ? 0 : LongestHead];
        if (!buffer.IsSingleSegment)
            buffer.CopyTo(copy);
        var rest = buffer.IsSingleSegment ? buffer.FirstSpan : copy[..(int)buffer.Length];
        for (var isFirst = true; rest.IndexOf((byte)'\n') is >= 0 and var end; isFirst = false)
        {
            var line = rest[..end];
            rest = rest[(end + 1)..];
            if (!(isFirst ? line.EndsWith(" HTTP/1.1\r"u8) || line.EndsWith(" HTTP/1.0\r"u8) : line.IndexOf((byte)':') > 0 && line[^1] == '\r'))
                return true;
        }
        return false;
    }

    private Guest Enter(PipeReader input)
    {
        var guest = new Guest(input, Environment.TickCount64 + (long)limits.Head.TotalMilliseconds);
        Guest? oldest = null;
        lock (waiting)
        {
            waiting.AddLast(guest.Place);
            if (waiting.Count > limits.Waiting)
                oldest = waiting.First!.Value;
        }
        oldest?.SendAway();
        return guest;
    }

    /// <summary>False when it was sent away.</summary>
    private bool Leave(Guest guest)
    {
        lock (waiting)
        {
            if (guest.Place.List is not null)
                waiting.Remove(guest.Place);
        }
        return guest.TryLeave();
    }

    private void SendAwayLate()
    {
        while (NextLate(Environment.TickCount64) is { } guest)
            guest.SendAway();
    }

    /// <summary>All have the same time, so that who came first is late first.</summary>
    private Guest? NextLate(long now)
    {
        lock (waiting)
        {
            if (waiting.First?.Value is not { } first || first.Due > now)
                return null;
            waiting.RemoveFirst();
            return first;
        }
    }

    /// <param name="First">The first byte of what is there; null when nothing is, or nobody.</param>
    public readonly record struct Came(bool IsEnough, byte? First);

    private sealed class Guest
    {
        private readonly PipeReader input;
        private int isGone;

        public Guest(PipeReader input, long due)
        {
            (this.input, Due) = (input, due);
            Place = new LinkedListNode<Guest>(this);
        }

        public long Due { get; }
        public LinkedListNode<Guest> Place { get; }

        public bool TryLeave() => Interlocked.Exchange(ref isGone, 1) == 0;

        /// <summary>Not one who has left: whoever reads there now must not be woken.</summary>
        public void SendAway()
        {
            if (TryLeave())
                input.CancelPendingRead();
        }
    }
}
