namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/diff?to=:app</c>: what <see cref="From"/> has that <see cref="To"/> has not. Ours, not Heroku's.</summary>
public sealed record DiffWire
{
    public required DiffSideWire From { get; init; }
    public required DiffSideWire To { get; init; }

    /// <summary>How it was found: same, ancestry, patch or authorship (history was rewritten), tree (files alone), none (one of them has nothing released).</summary>
    public required string Method { get; init; }
    public required int AheadBy { get; init; }

    /// <summary>Commits that <see cref="To"/> has and <see cref="From"/> has not: a promotion takes them back.</summary>
    public required int BehindBy { get; init; }

    /// <summary>Newest first; may be cut.</summary>
    public required IReadOnlyList<DiffCommitWire> Commits { get; init; }

    /// <summary>Paths that differ, when there are no commits to tell by.</summary>
    public IReadOnlyList<DiffFileWire> Files { get; init; } = [];
}

public sealed record DiffSideWire(NamedWire App, int? Version, string? Commit, string? Checksum);

public sealed record DiffCommitWire(string Sha, DateTimeOffset Date, string Subject, string Author);

/// <param name="Change">added, removed, changed.</param>
public sealed record DiffFileWire(string Path, string Change);
