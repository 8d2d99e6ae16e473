using System.Security.Cryptography;
using System.Buffers.Text;
using System.Text;
using System.Threading.Channels;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>
/// Who wrote a commit, when, and under which subject, as one number: what a rebase keeps. Taken from the commits' own bytes, so that ten thousand of them are
/// read in the time that git takes to find them, and nothing of them is kept.
/// </summary>
internal static class Authorship
{
    private const int MostAtOnce = 32 * 1024;
    private static readonly byte[] AuthorLine = Encoding.ASCII.GetBytes("\nauthor ");

    /// <summary>The numbers of these commits, in their order, read while they come. All must be there.</summary>
    public static async Task<List<UInt128>> ReadAsync(Command reading, ChannelReader<string> shas, CancellationToken ct)
    {
        await using var git = Shell.Start(reading);
        var complaints = git.Errors.CopyToAsync(Stream.Null, ct);
        var asking = AskAsync(git.Input, shas, ct);
        var answers = new Answers(git.Output);
        var numbers = new List<UInt128>();
        while (await answers.NextAsync(ct) is { } commit)
            numbers.Add(Of(commit.Span));
        await Task.WhenAll(asking, complaints);
        return numbers;
    }

    /// <summary>Of a commit as git keeps it: lines of headers, an empty line, the message.</summary>
    internal static UInt128 Of(ReadOnlySpan<byte> commit)
    {
        var at = commit.IndexOf(AuthorLine) + AuthorLine.Length;
        var author = commit[at..][..commit[at..].IndexOf((byte)'\n')];
        var message = commit[(commit.IndexOf("\n\n"u8) + 2)..];
        var subject = message.IndexOf((byte)'\n') is var end and >= 0 ? message[..end] : message;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData((byte[])[.. author, (byte)'\n', .. subject], hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private static async Task AskAsync(Stream input, ChannelReader<string> shas, CancellationToken ct)
    {
        var some = new StringBuilder();
        while (await shas.WaitToReadAsync(ct))
        {
            while (some.Length < MostAtOnce && shas.TryRead(out var sha))
                some.Append(sha).Append('\n');
            await input.WriteAsync(Encoding.ASCII.GetBytes(some.ToString()), ct);
            some.Clear();
        }
        await input.DisposeAsync();
    }

    /// <summary>What <c>git cat-file --batch</c> prints: for each object <c>SHA TYPE SIZE</c>, its bytes, and a newline.</summary>
    private sealed class Answers(Stream stream)
    {
        private static readonly byte[] Commit = Encoding.ASCII.GetBytes(" commit ");

        private byte[] buffer = new byte[256 * 1024];
        private int start, end;

        /// <summary>The next object, valid until the one after; null after the last.</summary>
        public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken ct)
        {
            int length;
            while ((length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n')) < 0)
            {
                if (!await FillAsync(ct))
                    return start == end ? null : throw Cut();
            }
            var size = SizeIn(buffer.AsSpan(start, length));
            start += length + 1;
            while (end - start < size + 1)
            {
                if (!await FillAsync(ct))
                    throw Cut();
            }
            var commit = buffer.AsMemory(start, size);
            start += size + 1;
            return commit;
        }

        private static int SizeIn(ReadOnlySpan<byte> head)
        {
            var type = head.IndexOf(Commit);
            return type > 0 && Utf8Parser.TryParse(head[(type + Commit.Length)..], out int size, out _) ? size
                : throw new IOException($"git answered {Encoding.ASCII.GetString(head)} where a commit was expected.");
        }

        private async Task<bool> FillAsync(CancellationToken ct)
        {
            var rest = buffer.AsSpan(start, end - start);
            var roomy = rest.Length > buffer.Length / 2 ? new byte[buffer.Length * 2] : buffer;
            rest.CopyTo(roomy);
            (buffer, start, end) = (roomy, 0, rest.Length);
            var count = await stream.ReadAsync(buffer.AsMemory(end), ct);
            end += count;
            return count > 0;
        }

        private static IOException Cut() => new("git ended before it told all commits.");
    }
}
