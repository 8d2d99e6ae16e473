using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesTransfer : CliCommand
{
    public static readonly About Is = new("pipelines:transfer", "Hand a pipeline, with its apps, to a team or a person", "sluice pipelines:transfer acme -p shop -c shop", () => new PipelinesTransfer())
    {
        More = "Yours goes to a team that you are in; a team's goes to somebody in the team. Apps in it that belong to others stay theirs. An app that a team had\nlocked is not locked any more when it leaves the team: lock it again where it should be.",
    };

    private readonly Argument<string> owner = Flags.Needed("OWNER", "name of a team, or address of an account");
    private readonly Option<string?> named = new("--pipeline", "-p") { Description = "name or id", HelpName = "PIPELINE", Required = true };
    private readonly Option<string?> confirm = Flags.Confirm("pipeline");
    private readonly Option<bool> json = Flags.Json();

    public PipelinesTransfer() : base(Is)
    {
        Arguments.Add(owner);
        Options.Add(named);
        Options.Add(confirm);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        var (to, shown) = await OwnerAsync(run, run.Value(owner)!, ct);
        await ConfirmAsync(run, pipeline.Name, shown, ct);
        var transfer = await run.Terminal.StepAsync($"Transferring {pipeline.Name} pipeline to the {shown}", () =>
            run.Server.PostAsync<CreatePipelineTransferWire, PipelineTransferWire>("/pipeline-transfers", new(new(pipeline.Id), to), ct));
        if (run.Value(json))
        {
            run.Json(transfer);
        }

        return ExitCode.Ok;
    }

    private static async Task<(PipelineOwnerWire Owner, string Shown)> OwnerAsync(Run run, string named, CancellationToken ct)
    {
        var path = Uri.EscapeDataString(named);
        try
        {
            return (new((await run.Server.GetAsync<TeamWire>($"/teams/{path}", ct)).Id, "team"), $"{named} team");
        }
        catch (SluiceException none) when (none.Status == 404)
        {
            return (new((await PersonAsync(run, named, ct)).Id, "user"), $"{named} account");
        }
    }

    private static async Task<AccountWire> PersonAsync(Run run, string named, CancellationToken ct)
    {
        try
        {
            return await run.Server.GetAsync<AccountWire>($"/users/{Uri.EscapeDataString(named)}", ct);
        }
        catch (SluiceException none) when (none.Status == 404)
        {
            throw StopException.Refused($"There is no account {named}, and you are in no team of that name.");
        }
    }

    private async Task ConfirmAsync(Run run, string pipeline, string to, CancellationToken ct)
    {
        var typed = run.Value(confirm);
        if (typed is null && run.Terminal.CanAsk)
        {
            run.Terminal.Warning($"This hands {pipeline} and its apps to the {to}.");
            typed = await run.Terminal.AskAsync($"To go on, type {pipeline}:", ct);
        }

        if (typed?.Trim() != pipeline)
        {
            throw StopException.Usage($"Say so with --confirm {pipeline}. Nothing was handed over.");
        }
    }
}
