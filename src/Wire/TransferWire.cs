namespace Sluice.Wire;

/// <summary><c>GET /account/app-transfers</c></summary>
public sealed record AppTransferWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required UserWire Owner { get; init; }
    public required UserWire Recipient { get; init; }

    /// <summary>pending, accepted, declined.</summary>
    public required string State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /account/app-transfers</c>.</summary>
public sealed record CreateAppTransferWire(string App, string Recipient);

/// <summary>Body of <c>PATCH /account/app-transfers/:transfer</c>.</summary>
public sealed record UpdateAppTransferWire(string State);

/// <summary><c>POST /pipeline-transfers</c></summary>
public sealed record PipelineTransferWire(IdWire Pipeline, PipelineOwnerWire PreviousOwner, PipelineOwnerWire NewOwner);

/// <summary>Body of <c>POST /pipeline-transfers</c>.</summary>
public sealed record CreatePipelineTransferWire(IdWire Pipeline, PipelineOwnerWire NewOwner);
