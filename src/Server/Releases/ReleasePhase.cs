using System.Security.Cryptography;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Runtime;

namespace Sluice.Releases;

/// <summary>The release command of a slug (its process type <c>release</c>), run once with the new release's config before anything of it is started.</summary>
internal sealed class ReleasePhase(IRuntime runtime, OpenLogs logs)
{
    public const string ProcessType = "release";

    /// <summary>As Heroku's.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    /// <summary>Makes its log, so that there is something to follow before the command has said a word.</summary>
    public OutputLog Begin(ReleaseId release) => logs.Begin(release);

    /// <summary>Runs it to the end. Null when it succeeded, otherwise why not: the app's fault, a sentence.</summary>
    public async Task<string?> RunAsync(DynoPlan plan, string command, string size, OutputLog log, CancellationToken ct)
    {
        var name = $"{ProcessType}.{RandomNumberGenerator.GetInt32(1000, 10_000)}";
        var oneOff = new OneOff
        {
            Id = DynoId.New(),
            App = plan.App,
            Name = name,
            Slug = plan.Slug!.Value,
            Env = plan.Env.SetItem("DYNO", name),
            Command = command,
            Size = size,
            Limit = Limit,
        };
        var exit = await runtime.RunAsync(oneOff, async bytes => await log.WriteAsync(bytes, CancellationToken.None), ct);
        return exit switch
        {
            { TimedOut: true } => "The release command ran longer than an hour and was stopped.",
            { OutOfMemory: true } => "The release command ran out of memory and was stopped.",
            { Code: 0 } => null,
            _ => $"The release command exited with status {exit.Code}.",
        };
    }
}
