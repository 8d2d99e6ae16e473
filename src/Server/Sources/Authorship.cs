using System.Security.Cryptography;
using System.Text;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>
/// Who wrote a commit, when, and under which subject, as one number: what a rebase keeps. Taken from the commits' own bytes, so that ten thousand of them are
/// read in the time that git takes to find them, and nothing of them is kept.
/// </summary>
internal static class Authorship
{
    private static readonly byte[] AuthorLine = Encoding.ASCII.GetBytes("\nauthor ");

    /// <summary>The numbers of these commits, in their order. All must be there.</summary>
    public static async Task<UInt128[]> ReadAsync(Command reading, IReadOnlyList<string> shas, CancellationToken ct)
    {
        await using var git = Shell.Start(reading);
        var complaints = git.Errors.CopyToAsync(Stream.Null, ct);
        var asking = AskAsync(git.Input, shas, ct);
        var answers = new Answers(git.Output);
        var numbers = new UInt128[shas.Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = Of((await answers.NextAsync(ct)).Span);
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

    private static async Task AskAsync(Stream input, IReadOnlyList<string> shas, CancellationToken ct)
    {
        foreach (var some in shas.Chunk(1000))
            await input.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(some.Select(sha => sha + "\n"))), ct);
        await input.DisposeAsync();
    }

    /// <summary>What <c>git cat-file --batch</c> prints: for each object <c>SHA TYPE SIZE</c>, its bytes, and a newline.</summary>
    private sealed class Answers(Stream stream)
    {
        private byte[] buffer = new byte[256 * 1024];
        private int start, end;

        /// <summary>The next object; valid until the one after.</summary>
        public async Task<ReadOnlyMemory<byte>> NextAsync(CancellationToken ct)
        {
            int length;
            while ((length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n')) < 0)
                await FillAsync(ct);
            var head = Encoding.ASCII.GetString(buffer, start, length).Split(' ');
            if (head is not [_, "commit", var text] || !int.TryParse(text, out var size))
                throw new IOException($"git answered {string.Join(' ', head)} where a commit was expected.");
            start += length + 1;
            while (end - start < size + 1)
                await FillAsync(ct);
            var commit = buffer.AsMemory(start, size);
            start += size + 1;
            return commit;
        }

        private async Task FillAsync(CancellationToken ct)
        {
            var rest = buffer.AsSpan(start, end - start);
            var roomy = rest.Length > buffer.Length / 2 ? new byte[buffer.Length * 2] : buffer;
            rest.CopyTo(roomy);
            (buffer, start, end) = (roomy, 0, rest.Length);
            var count = await stream.ReadAsync(buffer.AsMemory(end), ct);
            end += count > 0 ? count : throw new IOException("git ended before it told all commits.");
        }
    }
}
