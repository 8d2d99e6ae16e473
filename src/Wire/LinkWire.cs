namespace Sluice.Wire;

/// <summary><c>GET /account/github/token</c>: a token for <c>/repos/…</c> that clients send to what they take for GitHub.</summary>
public sealed record GithubAccountWire(Guid Id, HerokuIdentityWire Heroku, GithubIdentityWire Github);

public sealed record HerokuIdentityWire(Guid UserId);

public sealed record GithubIdentityWire(long UserId, string Token);

/// <summary><c>GET /apps/:app/github</c>: an app and the repository it is built from.</summary>
public sealed record AppLinkWire
{
    public required Guid AppId { get; init; }
    public required IdWire App { get; init; }

    /// <summary><c>sluice/APP</c>; the same for all apps of a pipeline.</summary>
    public required string Repo { get; init; }
    public required long RepoId { get; init; }
    public required string RepoHost { get; init; }
    public required string? Branch { get; init; }
    public required bool AutoDeploy { get; init; }
    public required bool WaitForCi { get; init; }
    public required PullRequestsWire PullRequests { get; init; }
    public required UserWire Owner { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record PullRequestsWire(bool Enabled, bool AutoDeploy, bool AutoDestroy);

/// <summary><c>GET /pipelines/:pipeline/repository</c></summary>
public sealed record PipelineRepositoryWire
{
    public required Guid Id { get; init; }
    public required bool Ci { get; init; }
    public NamedWire? Organization { get; init; }
    public required IdWire Owner { get; init; }
    public required IdWire Pipeline { get; init; }
    public required RepositoryReferenceWire Repository { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <param name="Type">Always github: clients know no other.</param>
public sealed record RepositoryReferenceWire(long Id, string Name, string Type = "github");

/// <summary><c>GET /repos/:owner/:repo</c>, <c>GET /pipelines/:pipeline/repo</c></summary>
public sealed record RepositoryWire
{
    public required long Id { get; init; }
    public required string Name { get; init; }
    public required string FullName { get; init; }
    public required RepositoryOwnerWire Owner { get; init; }
    public bool Private { get; init; } = true;

    /// <summary>main, or master when only that was pushed.</summary>
    public required string DefaultBranch { get; init; }
    public required string CloneUrl { get; init; }
}

public sealed record RepositoryOwnerWire(string Login);

/// <summary><c>GET /pipelines/:pipeline/repo/branches/:branch</c></summary>
public sealed record BranchWire(string Name, BranchCommitWire Commit);

public sealed record BranchCommitWire(string Sha);

/// <summary><c>GET /github/repos/:owner/:repo/tarball/:ref</c>: an address that needs no key, and not for long.</summary>
public sealed record ArchiveLinkWire(string ArchiveLink);

/// <summary><c>GET /repos/:owner/:repo/compare/:base...:head</c></summary>
public sealed record ComparisonWire
{
    /// <summary>ahead, behind, diverged, identical.</summary>
    public required string Status { get; init; }
    public required int AheadBy { get; init; }
    public required int BehindBy { get; init; }
    public required int TotalCommits { get; init; }

    /// <summary>Oldest first; the newest thousand when there are more.</summary>
    public required IReadOnlyList<ComparedCommitWire> Commits { get; init; }
}

public sealed record ComparedCommitWire(string Sha, CommitWire Commit);

public sealed record CommitWire(CommitAuthorWire Author, string Message);

public sealed record CommitAuthorWire(string Name, string Email, DateTimeOffset Date);
