using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>One release of a group; it may still wait for its turn.</summary>
/// <param name="App">The app's name when the group was made: the app itself may go.</param>
public sealed record GroupMember(ReleaseId Release, string App);

/// <summary>
/// Releases of several apps that are decided together, in the ledger's transactions. An open group is decided when all members are prepared, in one
/// transaction; the first member that ends before that, or goes with its app, fails the others.
/// </summary>
/// <code>open ─► decided | failed</code>
internal sealed class ReleaseGroups(ReleaseTurns turns, TimeProvider clock)
{
    public void Open(Tx tx, ReleaseGroupId group, ImmutableArray<GroupMember> members)
    {
        var now = clock.GetUtcNow();
        tx.Execute(
            $"""
            INSERT INTO release_groups (id, members, size, state, created_at, updated_at)
            VALUES ({group}, {JsonSerializer.Serialize(members)}, {members.Length}, 'open', {now}, {now})
            """);
    }

    /// <summary>Decides for all members, or for none. False when the group is not open any more, or not every member has noted that it is ready.</summary>
    public bool Decide(Tx tx, ReleaseGroupId group)
    {
        var inFlight = tx.Find(
            $"SELECT COUNT(*) AS members FROM releases WHERE group_id = {group} AND status = 'pending' AND step = 'ready'", r => r.Int("members"));
        if (inFlight != Members(tx, group).Length || !Close(tx, group, "decided", null))
            return false;
        tx.Execute($"UPDATE releases SET step = 'decided', updated_at = {clock.GetUtcNow()} WHERE group_id = {group} AND status = 'pending'");
        return true;
    }

    /// <summary>Ends a member. One that did not succeed fails those beside it, in this transaction. False when it had ended before.</summary>
    public bool End(Tx tx, Release release, string status, string? failure)
    {
        if (release.Group is not { } group || status == "succeeded")
            return turns.End(tx, release, status, failure);
        if (ReleaseRow.Find(tx, release.Id) is null)
        {
            FailIfBroken(tx, group);
            return false;
        }
        // The group's row first, as everywhere, so that two members that fail at once do not wait for each other.
        var why = Sentence("Another target failed");
        var isFirst = Close(tx, group, "failed", why);
        var ended = turns.End(tx, release, status, failure);
        if (isFirst)
            EndOthers(tx, group, why);
        return ended;
    }

    /// <summary>Fails the group if a member went with its app.</summary>
    public void FailIfBroken(Tx tx, ReleaseGroupId group)
    {
        var there = tx.List(
            $"SELECT id FROM releases WHERE group_id = {group} UNION SELECT id FROM release_queue WHERE group_id = {group}", r => new ReleaseId(r.Guid("id"))).ToHashSet();
        if (Members(tx, group).All(m => there.Contains(m.Release)))
            return;
        var why = Sentence("Another target was destroyed");
        if (Close(tx, group, "failed", why))
            EndOthers(tx, group, why);
    }

    private void EndOthers(Tx tx, ReleaseGroupId group, string why)
    {
        tx.Execute($"DELETE FROM release_queue WHERE group_id = {group}");
        foreach (var release in tx.List(
            $"""
            SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
              FROM releases WHERE group_id = {group} AND status = 'pending' ORDER BY app_id
            """, ReleaseRow.Read))
            turns.End(tx, release, "failed", why);
    }

    /// <summary>Without a name: who reads this release may not see the other app. What was wrong there stands at its own release.</summary>
    private static string Sentence(string what) => $"{what}. All targets of this promotion flip together or none does, so this one was left as it was.";

    private bool Close(Tx tx, ReleaseGroupId group, string state, string? failure) => tx.Execute(
        $"UPDATE release_groups SET state = {state}, failure = {failure}, updated_at = {clock.GetUtcNow()} WHERE id = {group} AND state = 'open'") == 1;

    private static ImmutableArray<GroupMember> Members(Tx tx, ReleaseGroupId group) =>
        JsonSerializer.Deserialize<ImmutableArray<GroupMember>>(tx.Find($"SELECT members FROM release_groups WHERE id = {group}", r => r.Text("members"))!);
}
