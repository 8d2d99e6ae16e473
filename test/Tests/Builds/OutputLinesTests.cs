using System.Text;
using Sluice.Builds;

namespace Sluice.Tests.Builds;

public sealed class OutputLinesTests
{
    private static async Task<List<string>> LinesAsync(params string[] pieces)
    {
        var lines = new List<string>();
        var output = new OutputLines(line => { lines.Add(line); return default; });
        foreach (var piece in pieces)
            await output.AddAsync(Encoding.UTF8.GetBytes(piece));
        await output.EndAsync();
        return lines;
    }

    [Fact]
    public async Task Pieces_become_whole_lines() => Assert.Equal(["one", "two", "", "three"], await LinesAsync("on", "e\ntwo\n\nthr", "ee"));

    [Fact]
    public async Task A_return_ends_a_line_once() => Assert.Equal(["10%", "20%", "done"], await LinesAsync("10%\r20%\r", "\ndone\r\n"));

    [Fact]
    public async Task Letters_that_come_in_two_pieces_stay_whole()
    {
        var lines = new List<string>();
        var output = new OutputLines(line => { lines.Add(line); return default; });
        foreach (var b in Encoding.UTF8.GetBytes("größer\n"))
            await output.AddAsync(new[] { b });
        Assert.Equal(["größer"], lines);
    }

    [Fact]
    public async Task A_line_without_end_is_cut_into_pieces() => Assert.Equal([10_000, 10_000, 5], (await LinesAsync(new string('x', 20_005))).Select(l => l.Length));

    [Theory]
    [InlineData("\e[1;32mgreen\e[0m", "\e[1;32mgreen\e[0m")]
    [InlineData("a\e[2Jb\e[Hc", "abc")]
    [InlineData("a\e]52;c;aGk=\ab", "ab")]
    [InlineData("a\e]8;;javascript:x\e\\b", "ab")]
    [InlineData("a\u009b2Jb\u0001c\u007fd\te", "a2Jbcd\te")]
    [InlineData("a\e[>4;1mb\e[38;2;1;2;3mc\e[4:3md", "ab\e[38;2;1;2;3mc\e[4:3md")]
    [InlineData("a\e[\u009d0;mb\e[\u009cmc\e[\amd", "abcd")]
    [InlineData("cut\e[", "cut")]
    [InlineData("cut\e", "cut")]
    [InlineData("cut\e]x", "cut")]
    public async Task Only_colours_pass(string text, string safe) => Assert.Equal([safe], await LinesAsync(text + "\n"));
}
