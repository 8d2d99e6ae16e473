namespace Sluice.AppSetups;

/// <summary>An app made from a tarball and its app.json in one go: put into a pipeline, built, released.</summary>
public sealed record AppSetup
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }

    /// <summary>pending, succeeded, failed. One that failed leaves its app as far as it came, to be looked at.</summary>
    public required string Status { get; init; }

    /// <summary>A sentence when it failed, else null.</summary>
    public string? Failure { get; init; }

    /// <summary>Chosen before the build is there.</summary>
    public required BuildId Build { get; init; }
    public required AccountId User { get; init; }
    public required SetupSource Source { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What is built.</summary>
/// <param name="File">Plain name in <c>DIR/uploads</c> of a tar, plain or gzip; the build's, once there is one.</param>
/// <param name="Url">Where it came from, without a secret.</param>
/// <param name="Commit">Version, or the full sha of a commit.</param>
/// <param name="From">The app whose repository has that commit; null when it came from elsewhere.</param>
public sealed record SetupSource(string File, string? Url, string? Commit, AppId? From, string? SuccessUrl);
