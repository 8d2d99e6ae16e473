using Sluice.Cli;
using Sluice.Cli.Output;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Cli;

/// <summary>Types commands as a person would, in a folder and a home of its own, and keeps what was said.</summary>
internal sealed class Typed : IDisposable
{
    private readonly TempFolder folder = new();

    public Typed(ScriptedServer? server = null)
    {
        Directory.CreateDirectory(Home);
        Directory.CreateDirectory(Work);
        if (server is not null)
        {
            Variables["SLUICE_URL"] = server.Url.ToString();
            Variables["SLUICE_KEY"] = "a-key";
        }
    }

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);
    public string Home => Path.Combine(folder.Path, "home");
    public string Work => Path.Combine(folder.Path, "work");

    /// <summary>What a person types when asked; null when nobody is there.</summary>
    public string? Input { get; init; }

    /// <summary>A person looks at a terminal; else what is said goes into a pipe.</summary>
    public bool IsOnScreen { get; init; }

    public string Out { get; private set; } = "";
    public string Error { get; private set; } = "";

    /// <summary>Splits at spaces; a test that needs more gives the words.</summary>
    public Task<int> Run(string line) => Run(line.Split(' '));

    public async Task<int> Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(words, new Surroundings
        {
            Terminal = new Terminal(IsOnScreen ? new Screen(output) : output, IsOnScreen ? new Screen(error) : error, new StringReader(Input ?? ""), asks: Input is not null),
            Variable = name => Variables.GetValueOrDefault(name),
            WorkingFolder = Work,
            HomeFolder = Home,
            IsRoot = false,
            Clock = new FixedClock(),
        }, TestContext.Current.CancellationToken);
        Out = output.ToString();
        Error = error.ToString();
        return (int)code;
    }

    public void Dispose() => folder.Dispose();

    /// <summary>It is always 2026-01-02 12:00 UTC; timers are real.</summary>
    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Answers.Noon;
    }
}
