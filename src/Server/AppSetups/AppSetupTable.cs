using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Storage;

namespace Sluice.AppSetups;

/// <summary>Every setup. A row ends once and is not edited after that.</summary>
public sealed class AppSetupTable(Db db, TimeProvider clock)
{
    internal Wakeup Wakeup { get; } = new();

    /// <summary>Says that there is work, after a transaction that called <see cref="Add"/>.</summary>
    public void Nudge() => Wakeup.Nudge();

    /// <summary>In the transaction that makes the app, so that neither is there without the other.</summary>
    public static void Add(Tx tx, AppSetup setup)
    {
        var source = JsonSerializer.Serialize(setup.Source);
        tx.Execute(
            $"""
            INSERT INTO app_setups (id, app_id, status, request, build_id, account_id, created_at, updated_at)
            VALUES ({setup.Id}, {setup.App}, 'pending', {source}, {setup.Build}, {setup.User}, {setup.CreatedAt}, {setup.UpdatedAt})
            """);
    }

    public Task<AppSetup?> FindAsync(Guid id, CancellationToken ct) => db.FindAsync(
        $"SELECT id, app_id, status, failure_message, request, build_id, account_id, created_at, updated_at FROM app_setups WHERE id = {id}", Read, ct);

    /// <summary>Oldest first.</summary>
    internal Task<ImmutableArray<AppSetup>> PendingAsync(CancellationToken ct) => db.ListAsync(
        $"SELECT id, app_id, status, failure_message, request, build_id, account_id, created_at, updated_at FROM app_setups WHERE status = 'pending' ORDER BY created_at", Read, ct);

    /// <summary>Plain names in DIR/uploads of the tarballs that setups are still to be built from.</summary>
    public async Task<ImmutableArray<string>> SourceFilesAsync(CancellationToken ct) => [.. (await PendingAsync(ct)).Select(setup => setup.Source.File)];

    /// <param name="failure">Null when it succeeded.</param>
    internal Task EndAsync(AppSetup setup, string? failure, CancellationToken ct)
    {
        var status = failure is null ? "succeeded" : "failed";
        return db.WriteAsync(
            new Act("app-setup." + status, setup.Id.ToString(), setup.User),
            tx => tx.Execute($"UPDATE app_setups SET status = {status}, failure_message = {failure}, updated_at = {clock.GetUtcNow()} WHERE id = {setup.Id} AND status = 'pending'"),
            ct);
    }

    private static AppSetup Read(Row row) => new()
    {
        Id = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        Status = row.Text("status"),
        Failure = row.TextOrNull("failure_message"),
        Build = new BuildId(row.Guid("build_id")),
        User = new AccountId(row.Guid("account_id")),
        Source = JsonSerializer.Deserialize<SetupSource>(row.Text("request"))!,
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
