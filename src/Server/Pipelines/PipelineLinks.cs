using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>The repository that a pipeline is connected to: that of one of our apps, <c>sluice/APP</c>.</summary>
public sealed record PipelineRepository
{
    public required PipelineId Pipeline { get; init; }
    public required AppId App { get; init; }

    /// <summary>Whether a push runs tests.</summary>
    public required bool Ci { get; init; }
    public required AccountId Account { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What an app does with its repository by itself. One that nobody set does nothing.</summary>
public sealed record AppLink
{
    public string? Branch { get; init; }
    public bool AutoDeploy { get; init; }
    public bool WaitForCi { get; init; }
    public PullRequests PullRequests { get; init; } = new(false, false, false);
    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? UpdatedAt { get; init; }
}

/// <param name="Enabled">A pull request gets an app of its own.</param>
public sealed record PullRequests(bool Enabled, bool AutoDeploy, bool AutoDestroy);

/// <summary>Which repository a pipeline is connected to, and what its apps do with it.</summary>
public sealed class PipelineLinks(Db db, TimeProvider clock)
{
    public Task<PipelineRepository?> RepositoryAsync(PipelineId pipeline, CancellationToken ct) => db.FindAsync(
        $"SELECT pipeline_id, app_id, ci, account_id, created_at, updated_at FROM pipeline_repositories WHERE pipeline_id = {pipeline}",
        row => new PipelineRepository
        {
            Pipeline = new PipelineId(row.Guid("pipeline_id")),
            App = new AppId(row.Guid("app_id")),
            Ci = row.Flag("ci"),
            Account = new AccountId(row.Guid("account_id")),
            CreatedAt = row.Time("created_at"),
            UpdatedAt = row.Time("updated_at"),
        },
        ct);

    /// <summary>Connects, in place of what it was connected to before.</summary>
    public async Task<PipelineRepository> ConnectAsync(Pipeline pipeline, App app, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            new Act("pipeline.connect", pipeline.Id.ToString(), who.Account, app.Id, who.RequestId),
            tx => tx.Execute(
                $"""
                INSERT INTO pipeline_repositories (pipeline_id, app_id, ci, account_id, created_at, updated_at)
                VALUES ({pipeline.Id}, {app.Id}, {false}, {who.Account}, {now}, {now})
                ON CONFLICT (pipeline_id) DO UPDATE SET app_id = excluded.app_id, account_id = excluded.account_id, updated_at = excluded.updated_at
                """),
            ct);
        return (await RepositoryAsync(pipeline.Id, ct))!;
    }

    /// <summary>Turns tests on pushes on or off. Null when the pipeline is connected to nothing.</summary>
    public async Task<PipelineRepository?> SetCiAsync(Pipeline pipeline, bool ci, Principal who, CancellationToken ct)
    {
        await db.WriteAsync(
            new Act("pipeline.ci", pipeline.Id.ToString(), who.Account, null, who.RequestId),
            tx => tx.Execute($"UPDATE pipeline_repositories SET ci = {ci}, updated_at = {clock.GetUtcNow()} WHERE pipeline_id = {pipeline.Id}"),
            ct);
        return await RepositoryAsync(pipeline.Id, ct);
    }

    public async Task<AppLink> LinkAsync(AppId app, CancellationToken ct) => await db.FindAsync(
        $"SELECT branch, auto_deploy, wait_for_ci, pull_requests, created_at, updated_at FROM app_links WHERE app_id = {app}",
        row => new AppLink
        {
            Branch = row.TextOrNull("branch"),
            AutoDeploy = row.Flag("auto_deploy"),
            WaitForCi = row.Flag("wait_for_ci"),
            PullRequests = JsonSerializer.Deserialize<PullRequests>(row.Text("pull_requests"))!,
            CreatedAt = row.Time("created_at"),
            UpdatedAt = row.Time("updated_at"),
        },
        ct) ?? new AppLink();

    /// <summary>Keeps the link as it is given.</summary>
    public Task SetLinkAsync(App app, AppLink link, Principal who, CancellationToken ct)
    {
        var (now, pulls) = (clock.GetUtcNow(), JsonSerializer.Serialize(link.PullRequests));
        return db.WriteAsync(
            new Act("app.link", app.Id.ToString(), who.Account, app.Id, who.RequestId),
            tx => tx.Execute(
                $"""
                INSERT INTO app_links (app_id, branch, auto_deploy, wait_for_ci, pull_requests, created_at, updated_at)
                VALUES ({app.Id}, {link.Branch}, {link.AutoDeploy}, {link.WaitForCi}, {pulls}, {now}, {now})
                ON CONFLICT (app_id) DO UPDATE SET branch = excluded.branch, auto_deploy = excluded.auto_deploy, wait_for_ci = excluded.wait_for_ci,
                    pull_requests = excluded.pull_requests, updated_at = excluded.updated_at
                """),
            ct);
    }

    /// <summary>Ids of apps that begin so.</summary>
    public Task<ImmutableArray<AppId>> AppsWithIdAsync(string start, CancellationToken ct)
    {
        var pattern = start + "%";
        return db.ListAsync($"SELECT id FROM apps WHERE id LIKE {pattern}", row => new AppId(row.Guid("id")), ct);
    }
}
