using System.Runtime.InteropServices;

namespace Sluice.Router;

/// <summary>
/// Reads a body in chunks (RFC 9112, 7.1) piece by piece, as it comes. Extensions are left out, trailers kept. Lines end in CR LF and nothing else, since
/// everything else has been used to make two readers disagree.
/// </summary>
/// <code>size [;extension] CR LF  data CR LF  …  0 CR LF  [trailer CR LF]…  CR LF</code>
internal struct ChunkedBody
{
    private const int MostDigits = 15, MostFraming = 16 * 1024;

    private enum At { Size, Extension, SizeEnd, Data, DataCr, DataLf, LineStart, Trailer, TrailerLf, LastLf, End }

    private At at;
    private int digits, framing;
    private long left;
    private List<byte>? trailers;

    public readonly bool IsDone => at == At.End;

    /// <summary>The lines behind the last chunk, each with its line end; empty when there are none, which is the rule. At most 16 KB.</summary>
    public readonly ReadOnlySpan<byte> Trailers => CollectionsMarshal.AsSpan(trailers);

    /// <summary>Takes from the input up to the end of the next piece of body, which may be empty; answers how many bytes it took.</summary>
    public int Read(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> body)
    {
        body = default;
        var taken = 0;
        while (taken < input.Length && at != At.End)
        {
            if (at == At.Data)
            {
                var count = (int)Math.Min(left, input.Length - taken);
                body = input.Slice(taken, count);
                left -= count;
                if (left == 0)
                    at = At.DataCr;
                return taken + count;
            }
            Step(input[taken++]);
        }
        return taken;
    }

    private void Step(byte b)
    {
        if (++framing > MostFraming)
            throw new BadAnswerException("too much between its chunks");
        at = (at, b) switch
        {
            (At.Size, _) when HexOf(b) is >= 0 and var digit && digits < MostDigits => More(digit),
            (At.Size, (byte)';' or (byte)' ' or (byte)'\t') when digits > 0 => At.Extension,
            (At.Size, (byte)'\r') when digits > 0 => At.SizeEnd,
            (At.Extension, (byte)'\r') => At.SizeEnd,
            (At.Extension, not (byte)'\n') => At.Extension,
            (At.SizeEnd, (byte)'\n') => Begin(),
            (At.DataCr, (byte)'\r') => At.DataLf,
            (At.DataLf, (byte)'\n') => At.Size,
            (At.LineStart, (byte)'\r') => At.LastLf,
            (At.LineStart or At.Trailer, not ((byte)'\n' or (byte)'\r')) => At.Trailer,
            (At.Trailer, (byte)'\r') => At.TrailerLf,
            (At.TrailerLf, (byte)'\n') => At.LineStart,
            (At.LastLf, (byte)'\n') => At.End,
            _ => throw new BadAnswerException("chunks that are none"),
        };
        if (at is At.Trailer or At.TrailerLf || (at == At.LineStart && trailers is not null))
            (trailers ??= []).Add(b);
    }

    private At More(int digit)
    {
        (left, digits) = ((left << 4) + digit, digits + 1);
        return At.Size;
    }

    private At Begin()
    {
        digits = 0;
        if (left == 0)
            return At.LineStart;
        framing = 0;
        return At.Data;
    }

    private static int HexOf(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
