using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sluice.Router;

/// <summary>
/// Follows the frames of one direction of a WebSocket (RFC 6455, 5.2) without keeping or changing them, to know where one ends: only there may the router
/// say good-bye in a frame of its own.
/// </summary>
internal struct WebSocketFrames
{
    private const int Close = 8;

    private ulong left;
    private int have, need;
    private byte second;
    private ulong length;

    /// <summary>The next byte begins a frame.</summary>
    public readonly bool IsBetween => left == 0 && have == 0;

    /// <summary>Whoever speaks here has said good-bye.</summary>
    public bool HasClosed { get; private set; }

    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (left > 0)
            {
                var count = (int)Math.Min(left, (ulong)bytes.Length);
                left -= (ulong)count;
                bytes = bytes[count..];
            }
            else
            {
                Head(bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    /// <summary>A close frame without words: 1001, the end point goes away.</summary>
    /// <param name="masked">As clients must send it.</param>
    public static byte[] Leaving(bool masked)
    {
        const ushort GoingAway = 1001;
        var frame = new byte[masked ? 8 : 4];
        (frame[0], frame[1]) = (0x80 | Close, (byte)(masked ? 0x82 : 0x02));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(frame.Length - 2), GoingAway);
        if (masked)
        {
            RandomNumberGenerator.Fill(frame.AsSpan(2, 4));
            frame[6] ^= frame[2];
            frame[7] ^= frame[3];
        }
        return frame;
    }

    /// <summary>Two bytes; a longer length in 2 or 8 more; a mask in 4 more.</summary>
    private void Head(byte b)
    {
        switch (have++)
        {
            case 0:
                HasClosed |= (b & 0x0f) == Close;
                need = 2;
                return;
            case 1:
                second = b;
                need = 2 + ((b & 0x7f) switch { 126 => 2, 127 => 8, _ => 0 }) + ((b & 0x80) != 0 ? 4 : 0);
                length = (b & 0x7f) < 126 ? (ulong)(b & 0x7f) : 0;
                break;
            default:
                if (have <= 2 + ((second & 0x7f) switch { 126 => 2, 127 => 8, _ => 0 }))
                    length = (length << 8) | b;
                break;
        }
        if (have == need)
            (left, have) = (length, 0);
    }
}
