using System.CommandLine;
using Sluice.Cli.Commands.Releases;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesPromote : AppCommand
{
    public static readonly About Is = new("pipelines:promote", "Run this app's slug downstream too; nothing is built", "sluice promote -a shop-staging", () => new PipelinesPromote())
    {
        Aliases = ["promote"],
        More = "Config, add-ons and git repositories stay where they are: only the slug moves. Each target stands alone; the command exits 1\n"
            + "when any of them failed, and says why. A failed target goes on with what it ran. Without --to: to the app that this one names\n"
            + "(pipeline:add), else to all apps of the next stage.",
    };

    private readonly Option<string?> to = new("--to", "-t") { Description = "promote to these apps of the pipeline only", HelpName = "APP,..." };
    private readonly Option<string?> release = new("--release") { Description = "promote exactly this release of the app, whatever it runs by now", HelpName = "v12" };
    private readonly Option<bool> ifCurrent = new("--if-current") { Description = "with --release: only if the app still runs that one" };
    private readonly Option<bool> allOrNothing = new("--all-or-nothing") { Description = "all targets change together, or none does" };
    private readonly Option<bool> skip = new("--skip") { Description = "a stage of the pipeline's own that has apps may be passed by" };
    private readonly Option<bool> json = Flags.Json();

    public PipelinesPromote() : base(Is)
    {
        Options.Add(to);
        Options.Add(release);
        Options.Add(ifCurrent);
        Options.Add(allOrNothing);
        Options.Add(skip);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        if (run.Value(ifCurrent) && run.Value(release) is null)
        {
            throw StopException.Usage("--if-current asks whether the release that you looked at still runs: name it with --release vN.");
        }

        if (run.Value(to) is { } list && Flags.Names(list).Length == 0)
        {
            throw StopException.Usage("--to names no app: give the apps' names, or leave it out to promote to all that come next.");
        }

        var app = await AppAsync(run, ct);
        var source = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(app)}", ct);
        var apps = await Neighbours(run, source, ct);
        var body = await BodyAsync(run, source, apps, ct);
        var promotion = run.Value(to) is { } named
            ? await run.Terminal.StepAsync($"Starting promotion to apps: {string.Join(',', Flags.Names(named))}", () => StartAsync(run, body, ct))
            : await StartAsync(run, body, ct);
        return await new PromotionWatch(run, source, promotion, apps, run.Value(json)) { AreNamed = run.Value(to) is not null }.ToTheEndAsync(ct);
    }

    private static Task<PromotionWire> StartAsync(Run run, CreatePromotionWire body, CancellationToken ct) =>
        run.Server.PostAsync<CreatePromotionWire, PromotionWire>("/pipeline-promotions", body, ct);

    /// <summary>The source's whole pipeline, itself too; empty when it is in none and follows an edge.</summary>
    private static async Task<IReadOnlyList<CouplingWire>> Neighbours(Run run, AppWire source, CancellationToken ct) =>
        await Coupling.FindAsync(run, source.Name, ct) is { } coupling ? await Coupling.AllAsync(run, coupling.Pipeline.Id, ct) : [];

    private async Task<CreatePromotionWire> BodyAsync(Run run, AppWire source, IReadOnlyList<CouplingWire> apps, CancellationToken ct)
    {
        var exactly = run.Value(release) is { } version ? new ReleaseRefWire((await Ledger.FindAsync(run, source.Name, version, ct)).Id.ToString()) : null;
        var pipeline = apps.FirstOrDefault(c => c.App.Id == source.Id) is { } coupling ? new IdWire(coupling.Pipeline.Id) : null;
        var targets = Flags.Names(run.Value(to)).Select(name => new PromotionToWire(new(IdOf(name, apps))));
        return new(
            new(new(source.Id.ToString()), exactly, run.Value(ifCurrent) ? true : null), run.Value(to) is null ? null : [.. targets], pipeline,
            run.Value(allOrNothing) ? true : null, run.Value(skip) ? true : null);
    }

    /// <summary>A name that is not in the pipeline goes out as it is: it may be an edge's app, and the server has the better sentence.</summary>
    private static string IdOf(string name, IReadOnlyList<CouplingWire> apps) => apps.FirstOrDefault(c => c.App.Name == name)?.App.Id.ToString() ?? name;
}
