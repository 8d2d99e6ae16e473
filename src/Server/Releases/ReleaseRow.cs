using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>A row of the ledger: how it is read, and the words in it.</summary>
internal static class ReleaseRow
{
    /// <summary>The highest version of an app that succeeded; null before the first.</summary>
    public static Release? Current(Tx tx, AppId app) => tx.Find(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND status = 'succeeded' ORDER BY version DESC LIMIT 1
        """, Read);

    public static Release? Find(Tx tx, ReleaseId release) => tx.Find(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE id = {release}
        """, Read);

    public static Release Read(Row row) => new()
    {
        Id = new ReleaseId(row.Guid("id")),
        App = new AppId(row.Guid("app_id")),
        Version = row.Int("version"),
        Slug = row.GuidOrNull("slug_id") is { } slug ? new SlugId(slug) : null,
        Reason = row.Text("reason") is "add-on" ? ReleaseReason.AddOn : Enum.Parse<ReleaseReason>(row.Text("reason"), ignoreCase: true),
        Description = row.Text("description"),
        Status = row.Text("status"),
        Step = row.Text("step"),
        Failure = row.TextOrNull("failure"),
        HasOutput = row.Flag("has_output"),
        Group = row.GuidOrNull("group_id") is { } group ? new ReleaseGroupId(group) : null,
        User = new AccountId(row.Guid("user_id")),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };

    public static string Word(ReleaseReason reason) => reason == ReleaseReason.AddOn ? "add-on" : reason.ToString().ToLowerInvariant();
}
