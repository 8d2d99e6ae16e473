using System.Buffers;
using System.Text;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>Clients of one-off dynos look for the exit status in each piece of output, and not across two.</summary>
public sealed class ExitPiecesTests
{
    private const string Mark = "\uFFFF heroku-command-exit-status: 3\n";

    [Fact]
    public void However_output_is_cut_the_line_with_the_exit_status_arrives_alone_and_all_of_it_arrives()
    {
        var bytes = Encoding.UTF8.GetBytes("first\nno end of line｡" + Mark);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var got = Pieces(bytes[..cut], bytes[cut..]);
            Assert.Contains(Mark, got.Select(Encoding.UTF8.GetString));
            Assert.Equal(bytes, got.SelectMany(piece => piece));
        }
    }

    [Theory]
    [InlineData("\uFFFF and no end"), InlineData("\uFFFF\uFFFF\uFFFF"), InlineData("a\uFFFF b\nc\uFFFF d\ne")]
    public void What_only_looks_like_it_arrives_too(string text)
    {
        Assert.Equal(text, Encoding.UTF8.GetString([.. Pieces(Encoding.UTF8.GetBytes(text)).SelectMany(piece => piece)]));
        var plain = Encoding.UTF8.GetBytes(new string('x', 300));
        Assert.Equal(plain, Assert.Single(Pieces(plain)));
    }

    private static List<byte[]> Pieces(params byte[][] reads)
    {
        var (pieces, got) = (new ExitPieces(), new List<byte[]>());
        foreach (var read in reads)
            got.AddRange(pieces.Of(read).Select(piece => piece.ToArray()));
        if (pieces.Rest() is { Length: > 0 } rest)
            got.Add(rest);
        return got;
    }

    [Theory]
    [InlineData("0123456789abcdef_-\r\n", "secret"), InlineData("0123456789abcdef_-\r", "more"), InlineData("0123456789abc", "more")]
    [InlineData("GET / HTTP/1.1\r\n", "http"), InlineData("PRI * HTTP/2.0\r\n\r\n", "http"), InlineData("short\r\n", "http"), InlineData("0123456789abcdef\rx", "http")]
    public void A_first_line_that_is_a_secret_alone_is_told_from_http(string line, string what)
    {
        var (end, isOther) = Rendezvous.FirstLine(new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(line)));
        Assert.Equal(what, end is not null ? "secret" : isOther ? "http" : "more");
    }
}
