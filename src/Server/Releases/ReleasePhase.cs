using System.Security.Cryptography;
using System.Text;
using Sluice.Builds;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Runtime;

namespace Sluice.Releases;

/// <summary>
/// The release command of a slug (its process type <c>release</c>), run once with the new release's config before anything of it is started. What it prints
/// is its own output, line by line, and stands in the app's log as that of any other dyno: <c>app[release.4711]</c>.
/// </summary>
internal sealed class ReleasePhase(IRuntime runtime, OpenLogs logs, AppLogs appLogs, TimeProvider clock)
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
        appLogs.Say(plan.App, name, $"Starting process with command `{command}`");
        var exit = await RunAsync(oneOff, log, ct);
        appLogs.Say(plan.App, name, $"Process exited with status {exit.Code}");
        return exit switch
        {
            { TimedOut: true } => "The release command ran longer than an hour and was stopped.",
            { OutOfMemory: true } => "The release command ran out of memory and was stopped.",
            { Code: 0 } => null,
            _ => $"The release command exited with status {exit.Code}.",
        };
    }

    private async Task<SandboxExit> RunAsync(OneOff oneOff, OutputLog log, CancellationToken ct)
    {
        // Nothing is kept as it was printed: who promotes may read it in a terminal, which it must not command.
        var lines = new OutputLines(async line =>
        {
            appLogs.Append(new SourceLine(oneOff.App, "app", oneOff.Name, clock.GetUtcNow(), line));
            await log.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), CancellationToken.None);
        });
        try
        {
            return await runtime.RunAsync(oneOff, bytes => lines.AddAsync(bytes), ct);
        }
        finally
        {
            await lines.EndAsync();
        }
    }
}
