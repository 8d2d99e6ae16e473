namespace Sluice.Runtime;

/// <summary>Our end of a pipe or FIFO: never holds a thread while it waits. Read gives 0 when no writer is left; a write whose reader went away throws.</summary>
internal sealed class PipeStream : Stream
{
    private readonly int fd;
    private readonly bool writes;
    private int closed;

    public PipeStream(int fd, bool writes)
    {
        this.fd = fd;
        this.writes = writes;
        Libc.Check(Libc.fcntl(fd, Libc.F_SETFL, Libc.fcntl(fd, Libc.F_GETFL, 0) | Libc.O_NONBLOCK), "Setting a pipe non-blocking");
    }

    public override bool CanRead => !writes;
    public override bool CanWrite => writes;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var (count, errno) = ReadNow(buffer.Span);
            if (count >= 0)
                return count;
            if (errno == Libc.EIO)
                return 0;   // a terminal says so when nobody has its other end any more
            if (errno == Libc.EAGAIN)
                await Poller.ReadableAsync(fd, cancellationToken);
            else if (errno != Libc.EINTR)
                throw Libc.Failure("Reading a pipe", errno);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            var (count, errno) = WriteNow(buffer.Span);
            if (count >= 0)
                buffer = buffer[count..];
            else if (errno == Libc.EAGAIN)
                await Poller.WritableAsync(fd, cancellationToken);
            else if (errno != Libc.EINTR)
                throw Libc.Failure("Writing a pipe", errno);
        }
    }

    private unsafe (int Count, int Errno) ReadNow(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        fixed (byte* p = buffer)
        {
            var count = (int)Libc.read(fd, p, buffer.Length);
            return (count, count < 0 ? Libc.Errno : 0);
        }
    }

    private unsafe (int Count, int Errno) WriteNow(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        fixed (byte* p = buffer)
        {
            var count = (int)Libc.write(fd, p, buffer.Length);
            return (count, count < 0 ? Libc.Errno : 0);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
        {
            Poller.Forget(fd);
            Libc.close(fd);
        }
        base.Dispose(disposing);
    }

    public override void Flush() { }
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use ReadAsync.");
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use WriteAsync.");
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
