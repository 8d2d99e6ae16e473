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
            var pieces = new ExitPieces();
            var got = pieces.Of(bytes.AsMemory(0, cut)).Concat(pieces.Of(bytes.AsMemory(cut))).Append(pieces.Rest()).Select(p => Encoding.UTF8.GetString(p.Span)).ToArray();
            Assert.Contains(Mark, got);
            Assert.Equal(Encoding.UTF8.GetString(bytes), string.Concat(got));
        }
    }

    [Theory]
    [InlineData("\uFFFF and no end"), InlineData("\uFFFF\uFFFF\uFFFF"), InlineData("a\uFFFF b\nc\uFFFF d\ne")]
    public void What_only_looks_like_it_arrives_too(string text)
    {
        var pieces = new ExitPieces();
        var got = pieces.Of(Encoding.UTF8.GetBytes(text)).Append(pieces.Rest()).Select(p => Encoding.UTF8.GetString(p.Span));
        Assert.Equal(text, string.Concat(got));
        Assert.Equal(new string('x', 300), string.Concat(new ExitPieces().Of(Encoding.UTF8.GetBytes(new string('x', 300))).Select(p => Encoding.UTF8.GetString(p.Span))));
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
