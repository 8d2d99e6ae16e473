using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsWait : AppCommand
{
    public static readonly About Is = new("ps:wait", "Wait until every dyno of an app runs its newest release", "sluice ps:wait -a shop", () => new PsWait());

    private readonly Option<string?> type = new("--type", "-t") { Description = "wait only for dynos of this process type", HelpName = "TYPE" };
    private readonly Option<int> interval = new("--wait-interval", "-w") { Description = "seconds between two looks, 1 at least", DefaultValueFactory = _ => 2 };
    private readonly Option<bool> withRun = new("--with-run", "-R") { Description = "wait for one-off dynos too" };

    public PsWait() : base(Is)
    {
        Options.Add(type);
        Options.Add(interval);
        Options.Add(withRun);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var at = $"/apps/{Uri.EscapeDataString(app)}";
        var releases = await run.Server.ListAsync<ReleaseWire>($"{at}/releases", ct);
        if (releases.FirstOrDefault(r => r.Current) is not { } current)
        {
            run.Terminal.Warning($"{app} has no release yet.");
            return ExitCode.Ok;
        }

        await run.Terminal.StepAsync($"Waiting for every dyno to be running v{current.Version}", () => SettledAsync(run, at, current.Version, ct), many => $"{many} of {many}");
        return ExitCode.Ok;
    }

    private async Task<int> SettledAsync(Run run, string at, int version, CancellationToken ct)
    {
        while (true)
        {
            var wanted = await WantedAsync(run, at, ct);
            var dynos = (await run.Server.ListAsync<DynoWire>($"{at}/dynos", ct)).Where(Counts).ToArray();
            if (dynos.Length >= wanted && dynos.All(d => d.Release.Version == version && d.State is "up"))
            {
                return dynos.Length;
            }

            await Task.Delay(TimeSpan.FromSeconds(Math.Max(1, run.Value(interval))), run.Surroundings.Clock, ct);
        }

        bool Counts(DynoWire dyno) => run.Value(type) is { } only ? dyno.Type == only : dyno.Type is not "run" || run.Value(withRun);
    }

    /// <summary>Right after a release a dyno that is to come may not be listed yet.</summary>
    private async Task<int> WantedAsync(Run run, string at, CancellationToken ct) =>
        (await run.Server.ListAsync<FormationWire>($"{at}/formation", ct)).Where(f => f.Type is not "release" && (run.Value(type) is not { } only || f.Type == only)).Sum(f => f.Quantity);
}
