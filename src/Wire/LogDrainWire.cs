namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/log-drains/:drain</c></summary>
public sealed record LogDrainWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }

    /// <summary>Always null: there are no add-ons that drain.</summary>
    public NamedWire? Addon { get; init; }

    /// <summary><c>d.UUID</c>, by which the receiver knows the app's lines.</summary>
    public required string Token { get; init; }

    /// <summary>Without its path, user and password for those who may not add a drain.</summary>
    public required string Url { get; init; }

    /// <summary>Why it does not take lines now, as a sentence; null when it does. Ours, not Heroku's.</summary>
    public string? Trouble { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /apps/:app/log-drains</c>.</summary>
public sealed record CreateLogDrainWire(string Url);
