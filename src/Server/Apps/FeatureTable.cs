using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Which features are on for an account or an app. What nobody touched has no row and is off, unless it is always on.</summary>
public sealed class FeatureTable(Db db, TimeProvider clock)
{
    public Task<ImmutableArray<FeatureState>> ListAsync(AccountId account, CancellationToken ct) => ListAsync(account.Value, Feature.OfAccounts, ct);

    public Task<ImmutableArray<FeatureState>> ListAsync(AppId app, CancellationToken ct) => ListAsync(app.Value, Feature.OfApps, ct);

    public async Task<bool> IsEnabledAsync(AppId app, string name, CancellationToken ct) =>
        (await ListAsync(app, ct)).Any(state => state.Feature.Name == name && state.IsEnabled);

    public Task<FeatureState> SetAsync(FeatureState state, AccountId account, bool enabled, Principal who, CancellationToken ct) =>
        SetAsync(state, account.Value, null, enabled, who, ct);

    public Task<FeatureState> SetAsync(FeatureState state, AppId app, bool enabled, Principal who, CancellationToken ct) =>
        SetAsync(state, app.Value, app, enabled, who, ct);

    private async Task<ImmutableArray<FeatureState>> ListAsync(Guid subject, ImmutableArray<Feature> all, CancellationToken ct)
    {
        var rows = (await db.ListAsync(
            $"SELECT name, enabled, created_at, updated_at FROM features WHERE subject_id = {subject}",
            row => (Name: row.Text("name"), IsEnabled: row.Flag("enabled"), Created: row.Time("created_at"), Changed: row.Time("updated_at")),
            ct)).ToDictionary(row => row.Name, StringComparer.Ordinal);
        return
        [
            .. all.Select(feature => rows.TryGetValue(feature.Name, out var row)
                ? new FeatureState(feature, row.IsEnabled || feature.IsFixed, row.Created, row.Changed)
                : new FeatureState(feature, feature.IsFixed, null, null)),
        ];
    }

    private async Task<FeatureState> SetAsync(FeatureState state, Guid subject, AppId? app, bool enabled, Principal who, CancellationToken ct)
    {
        var (feature, now) = (state.Feature, clock.GetUtcNow());
        if (feature.IsFixed && !enabled)
            throw Refuse.Invalid($"{feature.Name} is how Sluice works and cannot be turned off.");
        if (state.IsEnabled == enabled)
            return state;
        await db.WriteAsync(
            new Act(enabled ? "feature.enable" : "feature.disable", feature.Name, who.Account, app, who.RequestId),
            tx => tx.Execute(
                $"""
                INSERT INTO features (subject_id, name, enabled, created_at, updated_at) VALUES ({subject}, {feature.Name}, {enabled}, {now}, {now})
                ON CONFLICT (subject_id, name) DO UPDATE SET enabled = excluded.enabled, updated_at = excluded.updated_at
                """),
            ct);
        return state with { IsEnabled = enabled, CreatedAt = state.CreatedAt ?? now, ChangedAt = now };
    }
}
