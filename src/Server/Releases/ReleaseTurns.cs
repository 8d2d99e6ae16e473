using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Apps;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// Whose turn it is, inside the ledger's transactions. The only place that gives out versions: MAX + 1 in the transaction that inserts the row,
/// under the app's lock and a unique constraint. A release that comes while another one is in flight waits in release_queue; it gets version, slug
/// and config in the transaction that ends the one before.
/// </summary>
internal sealed class ReleaseTurns(Vault vault, SlugCatalog slugs, TimeProvider clock)
{
    /// <summary>Begins the release, or queues it behind the one in flight. Needs the app's lock.</summary>
    public void Take(Tx tx, ReleaseRequest request, ReleaseId id, ReleaseGroupId? group)
    {
        if (IsBusy(tx, request.App))
            Queue(tx, request, id, group);
        else
            Begin(tx, request, id, group);
    }

    /// <summary>Ends the release and gives the next one its turn. False when it had ended before: terminal rows are never edited.</summary>
    public bool End(Tx tx, Release release, string status, string? failure)
    {
        var now = clock.GetUtcNow();
        tx.LockApp(release.App);
        var ended = tx.Execute(
            $"UPDATE releases SET status = {status}, step = 'done', failure = {failure}, updated_at = {now} WHERE id = {release.Id} AND status = 'pending'") == 1;
        if (ended && status == "succeeded")
            tx.Execute($"UPDATE apps SET released_at = {now} WHERE id = {release.App}");
        while (!IsBusy(tx, release.App) && TakeFromQueue(tx, release.App) is var (next, id, group))
            Begin(tx, next, id, group);
        return ended;
    }

    /// <summary>The config vars as they were last set.</summary>
    public ImmutableSortedDictionary<string, string> ConfigOf(Tx tx, AppId app) =>
        ConfigVars.Open(vault, app, tx.Find($"SELECT config FROM apps WHERE id = {app}", r => r.Bytes("config")) ?? throw Refuse.NotFound("app", app.ToString()));

    public void SetConfig(Tx tx, AppId app, ImmutableSortedDictionary<string, string> config) =>
        tx.Execute($"UPDATE apps SET config = {ConfigVars.Seal(vault, app, config)}, updated_at = {clock.GetUtcNow()} WHERE id = {app}");

    private static bool IsBusy(Tx tx, AppId app) =>
        tx.Find($"SELECT 1 AS yes FROM releases WHERE app_id = {app} AND status = 'pending'", r => r.Flag("yes"));

    private void Queue(Tx tx, ReleaseRequest request, ReleaseId id, ReleaseGroupId? group) => tx.Execute(
        $"""
        INSERT INTO release_queue (id, app_id, place, reason, request, group_id, user_id, created_at)
        SELECT {id}, {request.App}, COALESCE(MAX(place), 0) + 1, {ReleaseRow.Word(request.Reason)}, {JsonSerializer.Serialize(request)}, {group}, {request.User}, {clock.GetUtcNow()}
          FROM release_queue WHERE app_id = {request.App}
        """);

    private static (ReleaseRequest Request, ReleaseId Id, ReleaseGroupId? Group)? TakeFromQueue(Tx tx, AppId app)
    {
        var head = tx.Find<(string Request, ReleaseId Id, ReleaseGroupId? Group)?>(
            $"SELECT id, request, group_id FROM release_queue WHERE app_id = {app} ORDER BY place LIMIT 1",
            r => (r.Text("request"), new ReleaseId(r.Guid("id")), r.GuidOrNull("group_id") is { } group ? new ReleaseGroupId(group) : null));
        if (head is not var (request, id, group))
            return null;
        tx.Execute($"DELETE FROM release_queue WHERE id = {id}");
        return (JsonSerializer.Deserialize<ReleaseRequest>(request)!, id, group);
    }

    /// <summary>Its turn: version, slug and config are fixed here.</summary>
    private void Begin(Tx tx, ReleaseRequest request, ReleaseId id, ReleaseGroupId? group)
    {
        var now = clock.GetUtcNow();
        var (app, user) = (request.App, request.User);
        var version = 1 + (tx.Find<int?>($"SELECT MAX(version) AS highest FROM releases WHERE app_id = {app}", r => r.IntOrNull("highest")) ?? 0);
        var (slug, config, description) = ContentOf(tx, request);
        var isOver = slug is null;
        var sealedConfig = ConfigSnapshot.Seal(vault, app, version, config);
        tx.Execute(
            $"""
            INSERT INTO releases (id, app_id, version, slug_id, config, reason, description, status, step, has_output, group_id, user_id, host_packages, created_at, updated_at)
            VALUES ({id}, {app}, {version}, {slug?.Id}, {sealedConfig}, {ReleaseRow.Word(request.Reason)}, {description},
                    {(isOver ? "succeeded" : "pending")}, {(isOver ? "done" : "waiting")}, 0, {group}, {user}, {HostPackages.Fingerprint()}, {now}, {now})
            """);
        if (slug is not null)
            FormationTable.Adopt(tx, app, slug.ProcessTypes.Keys, now);
        else
            tx.Execute($"UPDATE apps SET released_at = {now} WHERE id = {app}");
    }

    private (Slug? Slug, ImmutableSortedDictionary<string, string> Config, string Description) ContentOf(Tx tx, ReleaseRequest request)
    {
        switch (request)
        {
            case ReleaseRequest.Rollback { To: var to }:
                var old = ReleaseRow.Find(tx, to)!;
                var oldConfig = tx.Find($"SELECT config FROM releases WHERE id = {to}", r => r.Bytes("config"))!;
                var config = ConfigSnapshot.Open(vault, old.App, old.Version, oldConfig);
                SetConfig(tx, request.App, config);
                return (SlugOf(tx, old), config, Descriptions.RollBack(old.Version));
            case ReleaseRequest.Deploy { Slug: var id }:
                var deployed = slugs.Find(tx, id);
                return (deployed, ConfigOf(tx, request.App), Descriptions.Deploy(deployed?.Commit));
            case ReleaseRequest.Promotion promotion:
                var promoted = slugs.Find(tx, promotion.Slug);
                return (promoted, ConfigOf(tx, request.App), Descriptions.Promote(promotion.SourceApp, promotion.SourceVersion, promoted?.Commit));
            case ReleaseRequest.Api { Slug: var id, Description: var text }:
                var given = slugs.Find(tx, id);
                return (given, ConfigOf(tx, request.App), string.IsNullOrWhiteSpace(text) ? Descriptions.Deploy(given?.Commit) : text);
            case ReleaseRequest.Config { Set: var set, Removed: var removed }:
                return (SlugOf(tx, ReleaseRow.Current(tx, request.App)), ConfigOf(tx, request.App), Descriptions.Config(set, removed));
            default:
                return (null, ConfigOf(tx, request.App), Descriptions.Initial);
        }
    }

    private Slug? SlugOf(Tx tx, Release? release) => release?.Slug is { } slug ? slugs.Find(tx, slug) : null;
}
