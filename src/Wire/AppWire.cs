using System.Text.Json.Serialization;

namespace Sluice.Wire;

/// <summary><c>GET /apps/:app</c></summary>
public sealed record AppWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required UserWire Owner { get; init; }
    public required NamedWire Region { get; init; }
    public required NamedWire Stack { get; init; }
    public required NamedWire BuildStack { get; init; }
    public required GenerationWire Generation { get; init; }

    /// <summary>Where the app answers visitors, with a slash at the end.</summary>
    public required string? WebUrl { get; init; }
    public required string GitUrl { get; init; }
    public required bool Maintenance { get; init; }
    public bool Acm { get; init; }
    public DateTimeOffset? ArchivedAt { get; init; }
    public string? BuildpackProvidedDescription { get; init; }
    public string CreateStatus { get; init; } = "complete";
    public bool? InternalRouting { get; init; } = false;

    /// <summary>Whether the one who asks was added to it or owns it; only where it was asked for as a team's app.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Joined { get; init; }
    public bool Locked { get; init; }
    public NamedWire? Organization { get; init; }
    public string ProcessTier { get; init; } = "production";

    /// <summary>Bytes; null when nothing was pushed.</summary>
    public long? RepoSize { get; init; }

    /// <summary>Bytes of the slug that runs; null when nothing was released.</summary>
    public long? SlugSize { get; init; }
    public NamedWire? Space { get; init; }
    public NamedWire? Team { get; init; }
    public required DateTimeOffset? ReleasedAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Heroku's word for a family of runtimes; ours is the classic one.</summary>
public sealed record GenerationWire(Guid Id, string Name)
{
    public static GenerationWire Cedar { get; } = new(new Guid("5b7a4f60-0000-4000-8000-0000000000ce"), "cedar");
}

/// <summary>Body of <c>POST /apps</c>.</summary>
public sealed record CreateAppWire(string? Name = null, string? Stack = null, string? Region = null, string? Team = null, bool? Locked = null);

/// <summary>Body of <c>PATCH /apps/:app</c>; null leaves a member as it is.</summary>
public sealed record UpdateAppWire(string? Name = null, bool? Maintenance = null, string? BuildStack = null);

/// <summary>Body of <c>POST /filters/apps</c>.</summary>
public sealed record FilterAppsWire(FilterInWire In);

public sealed record FilterInWire(IReadOnlyList<Guid> Id);
