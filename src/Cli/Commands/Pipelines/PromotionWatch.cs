using Sluice.Cli.Commands.Releases;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

/// <summary>
/// Follows a promotion until every target has an end, and says one line for each, in order:
/// <c>Promoting shop-staging to shop (production)... done, v23</c>. With a single target its release command's output is shown as it comes.
/// </summary>
internal sealed class PromotionWatch(Run run, AppWire source, PromotionWire promotion, IReadOnlyList<CouplingWire> apps, bool json)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<Guid, string> shown = [];
    private bool streamed;

    /// <summary>The person named the targets: then they are summed up at the end, <c>shop: succeeded</c> each.</summary>
    public bool AreNamed { get; init; }

    public async Task<ExitCode> ToTheEndAsync(CancellationToken ct)
    {
        HashSet<Guid> told = [];
        if (AreNamed)
        {
            run.Terminal.NotePart("Waiting for promotion to complete... ");
        }

        while (true)
        {
            var targets = await run.Server.ListAsync<PromotionTargetWire>($"/pipeline-promotions/{promotion.Id}/promotion-targets", ct);
            foreach (var target in targets.Where(t => !AreNamed && t.Status is not "pending" && told.Add(t.Id)))
            {
                await TellAsync(target, ct);
                await NoteAsync(target, ct);
            }

            if (targets.All(t => t.Status is not "pending"))
            {
                return await EndAsync(targets, ct);
            }

            if (targets is [{ Release: { } release } only] && !streamed)
            {
                streamed = true;
                await StreamAsync(only, release, ct);
                continue;
            }

            await Task.Delay(LookEvery, run.Surroundings.Clock, ct);
        }
    }

    private async Task<ExitCode> EndAsync(IReadOnlyList<PromotionTargetWire> targets, CancellationToken ct)
    {
        var isGood = targets.All(t => t.Status is "succeeded");
        if (AreNamed)
        {
            await SumUpAsync(targets, isGood, ct);
        }

        if (json)
        {
            run.Json(targets);
        }

        return isGood ? ExitCode.Ok : ExitCode.Failed;
    }

    private async Task SumUpAsync(IReadOnlyList<PromotionTargetWire> targets, bool isGood, CancellationToken ct)
    {
        run.Terminal.Note("done");
        if (isGood)
        {
            Say("Promotion successful");
        }
        else
        {
            run.Terminal.Warning("Promotion to some apps failed");
        }

        foreach (var target in targets)
        {
            var name = apps.FirstOrDefault(c => c.App.Id == target.App.Id)?.App.Name ?? await NameAsync(target.App.Id, ct);
            Say($"{name}: {(target.Status is "succeeded" ? run.Terminal.Good("succeeded") : run.Terminal.Bad("failed"))}");
            if (target.ErrorMessage is { } why)
            {
                Say(why + await SeeAsync(run, target, ct));
            }

            await NoteAsync(target, ct);
        }
    }

    private async Task TellAsync(PromotionTargetWire target, CancellationToken ct)
    {
        var name = await NameAsync(target.App.Id, ct);
        var line = $"Promoting {source.Name} to {name}... ";
        if (target.Status is "succeeded")
        {
            var release = target.Release is { } id ? await run.Server.GetAsync<ReleaseWire>($"/apps/{target.App.Id}/releases/{id.Id}", ct) : null;
            Say(line + run.Terminal.Good("done") + (release is null ? "" : $", v{release.Version}"));
        }
        else
        {
            Say(line + run.Terminal.Bad("failed"));
            run.Terminal.Error((target.ErrorMessage ?? $"The promotion to {name} failed; what it ran before still runs.") + await SeeAsync(run, target, ct));
        }
    }

    private async Task NoteAsync(PromotionTargetWire target, CancellationToken ct)
    {
        if (target.Note is { } note)
        {
            run.Terminal.Warning($"{await NameAsync(target.App.Id, ct)}: {note}");
        }
    }

    /// <summary>Where more is told of a target that failed; empty when nothing ran.</summary>
    public static async Task<string> SeeAsync(Run run, PromotionTargetWire target, CancellationToken ct)
    {
        if (target is { Status: "succeeded" } or { Release: null })
        {
            return "";
        }

        var release = await run.Server.GetAsync<ReleaseWire>($"/apps/{target.App.Id}/releases/{target.Release!.Id}", ct);
        return release.OutputStreamUrl is null ? "" : $" See: sluice releases:output v{release.Version} -a {release.App.Name}";
    }

    private async Task StreamAsync(PromotionTargetWire target, IdWire id, CancellationToken ct)
    {
        var release = await run.Server.GetAsync<ReleaseWire>($"/apps/{target.App.Id}/releases/{id.Id}", ct);
        var first = true;
        await Ledger.StreamOutputAsync(run, release, line =>
        {
            if (first)
            {
                run.Terminal.Note($"Running the release command of {release.App.Name} v{release.Version}...");
                first = false;
            }

            Say(line);
        }, ct);
    }

    /// <summary>Lines are results; but with --json standard output is for programs.</summary>
    private void Say(string line)
    {
        if (json)
        {
            run.Terminal.Note(line);
        }
        else
        {
            run.Terminal.Line(line);
        }
    }

    /// <summary><c>shop (production)</c>; outside a pipeline the name alone.</summary>
    private async Task<string> NameAsync(Guid app, CancellationToken ct)
    {
        if (!shown.TryGetValue(app, out var name))
        {
            shown[app] = name = apps.FirstOrDefault(c => c.App.Id == app) is { } coupling
                ? $"{coupling.App.Name} ({coupling.Shown()})"
                : (await run.Server.GetAsync<AppWire>($"/apps/{app}", ct)).Name;
        }

        return name;
    }
}
