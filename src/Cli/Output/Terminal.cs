namespace Sluice.Cli.Output;

/// <summary>
/// Where a command speaks. Results go to standard output, so that they can be piped; progress, warnings and errors go to
/// standard error. Colour only where a person looks: never into a pipe, never with <c>NO_COLOR</c>.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error, TextReader input, bool colour = false, bool colourErrors = false, bool asks = false)
{
    /// <summary>True when a person can be asked something.</summary>
    public bool CanAsk => asks;

    public static Terminal OfThisProcess()
    {
        var plain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } || Environment.GetEnvironmentVariable("TERM") is "dumb";
        return new(Console.IsOutputRedirected ? Console.Out : new Screen(Console.Out), Console.IsErrorRedirected ? Console.Error : new Screen(Console.Error), Console.In,
            !Console.IsOutputRedirected && !plain, !Console.IsErrorRedirected && !plain,
            !Console.IsInputRedirected && !Console.IsErrorRedirected);
    }

    public void Line(string text = "") => output.WriteLine(text);

    /// <summary>As it comes, for streams: logs, release output.</summary>
    public void Raw(ReadOnlySpan<char> text)
    {
        output.Write(text);
        output.Flush();
    }

    public void Heading(string text) => output.WriteLine($"=== {Strong(text)}\n");

    public void Note(string text) => error.WriteLine(text);

    /// <summary>A part of a line of progress that is not over yet.</summary>
    public void NotePart(string text)
    {
        error.Write(text);
        error.Flush();
    }

    public void Warning(string text) => Prefixed("Warning", text, "33");

    public void Error(string text) => Prefixed("Error", text, "31");

    /// <summary><c>Creating shop... done</c>, on standard error. A failure ends the line before it is told.</summary>
    public async Task<T> StepAsync<T>(string what, Func<Task<T>> work, Func<T, string?>? outcome = null)
    {
        NotePart(what + "... ");
        try
        {
            var result = await work();
            Note(outcome?.Invoke(result) is { } more ? "done, " + more : "done");
            return result;
        }
        catch
        {
            Note("failed");
            throw;
        }
    }

    public Task StepAsync(string what, Func<Task> work) => StepAsync(what, async () =>
    {
        await work();
        return true;
    });

    public async Task<string?> ReadLineAsync(CancellationToken ct) => await input.ReadLineAsync(ct);

    public async Task<string?> AskAsync(string question, CancellationToken ct)
    {
        NotePart(question + " ");
        return await input.ReadLineAsync(ct);
    }

    public string Strong(string text) => Paint(text, "1");
    public string Good(string text) => Paint(text, "32");
    public string Bad(string text) => Paint(text, "31");
    public string Quiet(string text) => Paint(text, "2");

    private string Paint(string text, string code) => colour ? $"\e[{code}m{text}\e[0m" : text;

    private void Prefixed(string kind, string text, string code)
    {
        var label = colourErrors ? $"\e[{code}m{kind}:\e[0m" : kind + ":";
        var first = true;
        foreach (var line in text.Split('\n'))
        {
            error.WriteLine(first ? $" ›   {label} {line}" : $" ›   {line}");
            first = false;
        }
    }
}
