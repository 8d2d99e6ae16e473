using System.Text;
using Sluice.Builds;

namespace Sluice.Tests.Builds;

public sealed class ProcessTypesTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void An_uploaded_slug_keeps_to_the_same_rules()
    {
        Assert.Empty(ProcessTypes.Faults("It", new Dictionary<string, string?> { ["web"] = "node x" }));
        Assert.Equal(3, ProcessTypes.Faults("It", new Dictionary<string, string?> { ["web"] = "a\nb", ["we b"] = "x", ["clock"] = " " }).Count());
        Assert.Single(ProcessTypes.Faults("It", Enumerable.Range(0, ProcessTypes.MaxTypes + 1).ToDictionary(i => $"t{i}", _ => (string?)"x")));
    }

    private static string Fault(string procfile) => Assert.Throws<RefusedException>(() => ProcessTypes.Of(Bytes(procfile), null)).Message;

    [Fact]
    public void A_Procfile_names_types_and_commands()
    {
        var types = ProcessTypes.Of(Bytes("\uFEFFweb: node server.js --port $PORT\r\n\n# a comment: not a type\nworker:  ./work 'a: b'  \n"), null);

        Assert.Equal([new("web", "node server.js --port $PORT"), new("worker", "./work 'a: b'")], types);
    }

    [Fact]
    public void The_buildpacks_defaults_fill_what_the_Procfile_leaves_out()
    {
        var types = ProcessTypes.Of(Bytes("web: mine"), Bytes("---\naddons:\n  - x: y\ndefault_process_types:\n  web: theirs\n  \"console\": \"irb \\\"x\\\"\"\nconfig_vars:\n  A: b\n"));

        Assert.Equal([new("console", "irb \"x\""), new("web", "mine")], types);
    }

    [Fact]
    public void Nothing_at_all_is_no_fault() => Assert.Empty(ProcessTypes.Of(null, Bytes("{}")));

    [Theory]
    [InlineData("../up: x", "has a process type \"../up\"")]
    [InlineData("a b: x", "has a process type \"a b\"")]
    [InlineData("web", "has no command for web")]
    [InlineData("web:", "has no command for web")]
    [InlineData("web: a\u0007b", "has a control character in the command for web")]
    [InlineData("web: a\0b", "contains a NUL byte")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456789: x", "has a process type")]
    public void Bad_lines_are_refused_with_a_sentence(string line, string says) => Assert.Contains(says, Fault(line), StringComparison.Ordinal);

    [Fact]
    public void A_hundred_thousand_types_are_refused_at_once() =>
        Assert.Contains("64 KiB", Fault(string.Join('\n', Enumerable.Range(0, 100_000).Select(n => $"t{n}: x"))), StringComparison.Ordinal);

    [Fact]
    public void Fifty_types_are_enough()
    {
        Assert.Equal(50, ProcessTypes.Of(Bytes(string.Join('\n', Enumerable.Range(0, 50).Select(n => $"t{n}: x"))), null).Count);
        Assert.Contains("50", Fault(string.Join('\n', Enumerable.Range(0, 51).Select(n => $"t{n}: x"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_of_aliases_is_text_like_any_other() =>
        Assert.Equal("*b", ProcessTypes.Of(null, Bytes("a: &a [x,x]\nb: &b [*a,*a]\ndefault_process_types:\n  web: '*b'\n"))["web"]);

    [Fact]
    public void All_faults_are_told_together() => Assert.Equal(2, Fault("a b: x\nweb:").Split(". ").Length);
}
