namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/formation</c></summary>
public sealed record FormationWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required string Type { get; init; }
    public required string Command { get; init; }
    public required int Quantity { get; init; }
    public required string Size { get; init; }
    public required NamedWire DynoSize { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>PATCH /apps/:app/formation</c>.</summary>
public sealed record UpdateFormationWire(IReadOnlyList<FormationUpdateWire> Updates);

/// <param name="Quantity">A count or a change: <c>2</c>, <c>+1</c>, <c>-1</c>.</param>
public sealed record FormationUpdateWire(string Type, string? Quantity = null, string? Size = null);

/// <summary><c>GET /apps/:app/dynos</c></summary>
public sealed record DynoWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }

    /// <summary><c>web.1</c></summary>
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required string Command { get; init; }
    public required string Size { get; init; }

    /// <summary>starting, up, idle, crashed, down.</summary>
    public required string State { get; init; }
    public required DynoReleaseWire Release { get; init; }
    public string? AttachUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record DynoReleaseWire(Guid Id, int Version);

/// <summary><c>GET /dyno-sizes</c></summary>
public sealed record DynoSizeWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>GiB.</summary>
    public required double Memory { get; init; }
    public required int Compute { get; init; }
    public required double PreciseDynoUnits { get; init; }
    public required bool Dedicated { get; init; }
    public required string Architecture { get; init; }
    public GenerationWire Generation { get; init; } = GenerationWire.Cedar;

    /// <summary>Always null: the machine is yours.</summary>
    public CostWire? Cost { get; init; }
    public bool PrivateSpaceOnly { get; init; }
}

public sealed record CostWire(int Cents, string Unit);

/// <summary>Body of <c>POST /apps/:app/dynos</c>.</summary>
/// <param name="Attach">The caller comes to <see cref="DynoWire.AttachUrl"/>; otherwise it prints into the app's log.</param>
/// <param name="Env">Beside the config vars. With COLUMNS and LINES the dyno gets a terminal of that size.</param>
/// <param name="Size">Null for the usual one.</param>
/// <param name="Type">First part of its name; null for <c>run</c>.</param>
public sealed record StartDynoWire(string Command, bool Attach, IReadOnlyDictionary<string, string> Env, string? Size = null, string? Type = null, bool ForceNoTty = false);

/// <summary>How a one-off dyno tells its exit status to who is attached to it: as the last line, when its command asks for it so.</summary>
public static class ExitStatusLine
{
    /// <summary>Put behind the command. A server that knows it runs the command without, and tells the status itself.</summary>
    public const string Wanted = " ; echo \"\uFFFF heroku-command-exit-status: $?\"";

    /// <summary>What the line begins with; a number follows.</summary>
    public const string Start = "\uFFFF heroku-command-exit-status: ";
}
