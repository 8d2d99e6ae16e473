using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>What is asked for. Slug and config are fixed when the release's turn comes, not here.</summary>
public abstract record ReleaseRequest(AppId App, AccountId User, string? RequestId)
{
    public sealed record Initial(AppId App, AccountId User, string? RequestId) : ReleaseRequest(App, User, RequestId);

    public sealed record Deploy(AppId App, AccountId User, string? RequestId, SlugId Slug) : ReleaseRequest(App, User, RequestId);

    /// <summary>A change of config vars, already in the app's row; null values remove.</summary>
    public sealed record Config(AppId App, AccountId User, string? RequestId, ImmutableArray<string> Set, ImmutableArray<string> Removed) : ReleaseRequest(App, User, RequestId);

    public sealed record Promotion(AppId App, AccountId User, string? RequestId, SlugId Slug, string SourceApp, int SourceVersion) : ReleaseRequest(App, User, RequestId);

    public sealed record Rollback(AppId App, AccountId User, string? RequestId, ReleaseId To) : ReleaseRequest(App, User, RequestId);

    /// <summary>POST /apps/:a/releases with a slug and, maybe, a description of the caller's own.</summary>
    public sealed record Api(AppId App, AccountId User, string? RequestId, SlugId Slug, string? Description) : ReleaseRequest(App, User, RequestId);
}

/// <summary>
/// The append-only list of releases, per app. The only place that gives out versions: MAX + 1 in the transaction that inserts the row, under
/// the app's lock. One release of an app is in flight; others wait in order in release_queue.
/// </summary>
public sealed class ReleaseLedger(Db db, Vault vault, TimeProvider clock)
{
    private readonly Db db = db;
    private readonly Vault vault = vault;
    private readonly TimeProvider clock = clock;

    /// <summary>Inserts the release, or queues it behind the one in flight, inside a transaction of the caller's. Returns the id it has or will have.</summary>
    public ReleaseId Add(Tx tx, ReleaseRequest request, ReleaseId? id = null) => throw new NotImplementedException();

    /// <summary>The release that should be running now: the highest version that succeeded. Null before the first.</summary>
    public Task<Release?> CurrentAsync(AppId app, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>By id, <c>N</c> or <c>vN</c>; null when there is none.</summary>
    public Task<Release?> FindAsync(AppId app, string idOrVersion, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Newest first.</summary>
    public Task<ImmutableArray<Release>> ListAsync(AppId app, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The config vars of one version.</summary>
    public Task<ImmutableSortedDictionary<string, string>> ConfigAsync(Release release, CancellationToken ct) => throw new NotImplementedException();
}
