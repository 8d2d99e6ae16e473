using Sluice.Cli.Commands.Pipelines;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Labs;

internal sealed class PipelinePromote : AppCommand
{
    public static readonly About Is = new("pipeline:promote", "Run this app's slug on the downstream app too", "sluice pipeline:promote -a myapp-staging", () => new PipelinePromote())
    {
        More = "That is the app it names (pipeline:add), else the only one of its pipeline's next stage. Config, add-ons and git repositories stay where they are: only the slug moves. Undo it with: sluice rollback -a DOWNSTREAM_APP",
    };

    /// <summary>How often there is a dot; the end is looked for more often.</summary>
    private static readonly TimeSpan Dot = TimeSpan.FromSeconds(2), Look = TimeSpan.FromMilliseconds(100);

    public PipelinePromote() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, next) = await Downstream.NextAsync(run, await AppAsync(run, ct), ct);
        run.Terminal.Raw($"Promoting {app} to {next}...");
        try
        {
            var body = new CreatePromotionWire(new(new(app)), [new(new(next))]);
            var promotion = await run.Server.PostAsync<CreatePromotionWire, PromotionWire>("/pipeline-promotions", body, ct);
            return await EndAsync(run, next, await TargetAsync(run, promotion.Id, ct), ct);
        }
        catch (SluiceException)
        {
            run.Terminal.Line("failed");
            throw;
        }
    }

    private static async Task<ExitCode> EndAsync(Run run, string next, PromotionTargetWire target, CancellationToken ct)
    {
        if (target.Status is not "succeeded")
        {
            run.Terminal.Line("failed");
            run.Terminal.Error((target.ErrorMessage ?? $"The promotion to {next} failed; what it ran before still runs.") + await PromotionWatch.SeeAsync(run, target, ct));
            return ExitCode.Failed;
        }

        var release = await run.Server.GetAsync<ReleaseWire>($"/apps/{target.App.Id}/releases/{target.Release!.Id}", ct);
        run.Terminal.Line($"done, v{release.Version}");
        return ExitCode.Ok;
    }

    private static async Task<PromotionTargetWire> TargetAsync(Run run, Guid promotion, CancellationToken ct)
    {
        var clock = run.Surroundings.Clock;
        var lastDot = clock.GetTimestamp();
        while (true)
        {
            var targets = await run.Server.ListAsync<PromotionTargetWire>($"/pipeline-promotions/{promotion}/promotion-targets", ct);
            if (targets is [{ Status: not "pending" } ended])
            {
                return ended;
            }

            if (clock.GetElapsedTime(lastDot) >= Dot)
            {
                run.Terminal.Raw(".");
                lastDot = clock.GetTimestamp();
            }

            await Task.Delay(Look, clock, ct);
        }
    }
}
