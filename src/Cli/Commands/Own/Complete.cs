using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Own;

/// <summary>Called by the shell at the Tab key: prints what may stand at the end of the line, one a line. Silent about what goes wrong.</summary>
internal sealed class Complete : CliCommand
{
    public static readonly About Is = new("complete", "List what may come next on a command line", "sluice complete -- \"sluice pipe\"", () => new Complete()) { Hidden = true };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Argument<string> line = Flags.Needed("LINE", "the line up to the cursor");

    public Complete() : base(Is) => Arguments.Add(line);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var words = run.Value(line)!.Split(' ').Where((w, i) => w.Length > 0 || i == run.Value(line)!.Count(c => c == ' ')).Skip(1).ToArray();
        var last = words.LastOrDefault() ?? "";
        foreach (var word in (await AfterAsync(run, words, ct)).Where(w => w.StartsWith(last, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            run.Terminal.Line(word);
        }

        return ExitCode.Ok;
    }

    private static async Task<IEnumerable<string>> AfterAsync(Run run, string[] words, CancellationToken ct)
    {
        if (words.Length <= 1)
        {
            return Catalog.All.Where(a => !a.Hidden).SelectMany(a => a.Aliases.Append(a.Name)).Append("help");
        }

        if (words[0] is "help")
        {
            return Catalog.All.Where(a => !a.Hidden).Select(a => a.Name);
        }

        if (Catalog.Find(words[0])?.Make() is not { } command)
        {
            return [];
        }

        return words[^2] switch
        {
            "-a" or "--app" or "--to" => await NamesAsync<AppWire>(run, "/apps", a => a.Name, ct),
            "-s" or "--stage" => ["review", "development", "staging", "production"],
            _ when words[^1].StartsWith('-') => command.Options.SelectMany(o => o.Aliases.Append(o.Name)),
            _ when command.Arguments.FirstOrDefault()?.Name is "PIPELINE" => await NamesAsync<PipelineWire>(run, "/pipelines", p => p.Name, ct),
            _ when command.Arguments.FirstOrDefault()?.Name is "APP" => await NamesAsync<AppWire>(run, "/apps", a => a.Name, ct),
            _ => command.Parse(words[1..]).GetCompletions().Select(c => c.Label),
        };
    }

    private static async Task<IEnumerable<string>> NamesAsync<T>(Run run, string path, Func<T, string> name, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            return (await run.Server.ListAsync<T>(path, patience.Token)).Select(name);
        }
        catch (Exception quiet) when (quiet is StopException or SluiceException or HttpRequestException or OperationCanceledException)
        {
            return [];   // a line that is being typed is no place for errors
        }
    }
}
