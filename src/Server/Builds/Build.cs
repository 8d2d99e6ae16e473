using System.Collections.Immutable;

namespace Sluice.Builds;

public sealed record Build
{
    public required BuildId Id { get; init; }
    public required AppId App { get; init; }
    public required AccountId User { get; init; }

    /// <summary>pending, succeeded, failed (the app's fault), errored (ours).</summary>
    public required string Status { get; init; }
    public string? Reason { get; init; }
    public string? Commit { get; init; }

    /// <summary>The commit's subject, or what the API was told of it; a tenant's words. Null when nothing was said.</summary>
    public string? CommitDescription { get; init; }
    public string? CommitAuthor { get; init; }
    public string? SourceUrl { get; init; }
    public string? Checksum { get; init; }
    public required ImmutableArray<BuildpackUsed> Buildpacks { get; init; }
    public required string Stack { get; init; }
    public SlugId? Slug { get; init; }
    public ReleaseId? Release { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record BuildpackUsed(string? Name, string Url);

/// <summary>What to build: a source tarball that lies in <c>DIR/uploads</c>, for one app.</summary>
public sealed record BuildRequest
{
    public required AppId App { get; init; }
    public required AccountId User { get; init; }

    /// <summary>Full path in DIR/uploads of a tar, plain or gzip.</summary>
    public required string SourceFile { get; init; }
    public string? Commit { get; init; }
    public string? CommitDescription { get; init; }
    public string? CommitAuthor { get; init; }

    /// <summary>Made by <c>git archive</c>: nothing is lifted out of a folder at its top.</summary>
    public bool FromGit { get; init; }

    /// <summary>Set for API builds that already have a row; null makes one.</summary>
    public BuildId? Id { get; init; }
    public string? RequestId { get; init; }
}

/// <summary>How a build ended.</summary>
public abstract record BuildOutcome(BuildId Build)
{
    public sealed record Succeeded(BuildId Build, SlugId Slug) : BuildOutcome(Build);

    /// <summary>The app's fault, as a sentence: <c>compile of heroku/nodejs failed with exit code 1</c>.</summary>
    public sealed record Failed(BuildId Build, string Why) : BuildOutcome(Build);

    /// <summary>The platform's fault.</summary>
    public sealed record Errored(BuildId Build, string Why) : BuildOutcome(Build);
}
