using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Apps and pipelines that change hands.</summary>
internal static class TransfersApi
{
    private static readonly Key<AppTransfer>[] Keys = [new("created_at", t => t.CreatedAt.UtcDateTime.ToString("O")), new("id", t => t.Id.ToString())];

    public static void MapTransfers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/account/app-transfers", List).ForAccount();
        api.MapPost("/account/app-transfers", Offer).AskedInside(Permission.Own).ReachingAccess();
        api.MapGet("/account/app-transfers/{transfer}", Info).ForAccount();
        api.MapPatch("/account/app-transfers/{transfer}", Answer).ForAccount().ReachingAccess();
        api.MapDelete("/account/app-transfers/{transfer}", Withdraw).ForAccount().ReachingAccess();
        api.MapPost("/pipeline-transfers", TransferPipeline).AskedInside(Permission.Own).ReachingAccess();
    }

    private static async Task<IReadOnlyList<AppTransferWire>> List(HttpContext http, Principal who, AppTransferTable transfers, CancellationToken ct) =>
        Page.Of(http, await transfers.ListAsync(who, ct), ToWire, Keys);

    private static async Task<Created<AppTransferWire>> Offer(RequestBody body, Principal who, Lookup lookup, AppTransferTable transfers, CancellationToken ct)
    {
        var (name, recipient) = (body.NeedReference("app"), body.NeedReference("recipient"));
        body.RefuseFaults();
        var app = await lookup.AppAsync(name, Permission.Own, who, ct);
        var made = await transfers.OfferAsync(app.Id, recipient, who, ct);
        return TypedResults.Created($"/account/app-transfers/{made.Id}", ToWire(made));
    }

    private static async Task<AppTransferWire> Info(string transfer, Principal who, AppTransferTable transfers, CancellationToken ct) =>
        ToWire(await transfers.FindAsync(IdOf(transfer), who, ct) ?? throw Refuse.NotFound("transfer", transfer));

    private static async Task<AppTransferWire> Answer(string transfer, RequestBody body, Principal who, AppTransferTable transfers, CancellationToken ct)
    {
        var state = body.NeedText("state");
        if (state is not ("accepted" or "declined" or ""))
            body.Fault("state must be accepted or declined.");
        body.RefuseFaults();
        return ToWire(await transfers.AnswerAsync(IdOf(transfer), state == "accepted", who, ct));
    }

    private static async Task<AppTransferWire> Withdraw(string transfer, Principal who, AppTransferTable transfers, CancellationToken ct) =>
        ToWire(await transfers.WithdrawAsync(IdOf(transfer), who, ct));

    private static async Task<Created<PipelineTransferWire>> TransferPipeline(
        RequestBody body, Principal who, PipelineCatalog pipelines, PipelineTransfers transfers, CancellationToken ct)
    {
        var (name, owner) = (body.NeedReference("pipeline"), body.Part("new_owner"));
        var (id, type) = (owner.NeedText("id"), owner.NeedText("type"));
        if (type is not ("user" or "team" or ""))
            body.Fault("new_owner.type must be user or team.");
        body.RefuseFaults();
        var pipeline = await pipelines.GetAsync(name, Permission.Own, who, ct);
        var (before, after) = await transfers.TransferAsync(pipeline.Id, id, type == "team", who, ct);
        return TypedResults.Created($"/pipelines/{after.Id}", new PipelineTransferWire(new IdWire(after.Id.Value), OwnerOf(before), OwnerOf(after)));
    }

    private static PipelineOwnerWire OwnerOf(Pipeline pipeline) => new(pipeline.Owner.Value, pipeline.Team is null ? "user" : "team");

    private static Guid IdOf(string transfer) => Guid.TryParse(transfer, out var id) ? id : throw Refuse.NotFound("transfer", transfer);

    private static AppTransferWire ToWire(AppTransfer transfer) => new()
    {
        Id = transfer.Id,
        App = new NamedWire(transfer.App.Value, transfer.AppName),
        Owner = new UserWire(transfer.Owner.Value, transfer.OwnerEmail),
        Recipient = new UserWire(transfer.Recipient.Value, transfer.RecipientEmail),
        State = transfer.State,
        CreatedAt = transfer.CreatedAt,
        UpdatedAt = transfer.UpdatedAt,
    };
}
