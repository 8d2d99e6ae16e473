namespace Sluice.Slugs;

/// <summary>What is written goes out as output frames of a handy size, however large the piece: a manifest may be longer than a frame.</summary>
internal sealed class FrameStream(Func<ReadOnlyMemory<byte>, ValueTask> write) : Stream
{
    private const int Largest = 256 * 1024;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => SendAsync(buffer);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        SendAsync(buffer.AsMemory(offset, count)).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => SendAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        for (; bytes.Length > Largest; bytes = bytes[Largest..])
            await write(bytes[..Largest]);
        if (!bytes.IsEmpty)
            await write(bytes);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
