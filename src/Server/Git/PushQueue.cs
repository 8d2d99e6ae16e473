using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Sources;

namespace Sluice.Git;

/// <summary>A push whose turn has not come: its client waits, and nothing is recorded of it yet.</summary>
/// <param name="Since">When it began to wait.</param>
public sealed record WaitingPush(Guid Id, AppId App, AccountId User, Commit Commit, DateTimeOffset Since);

/// <summary>
/// Pushes that wait for another of the same app. Kept here and in no table: when this process ends, so do they, and their clients learn it from git.
/// </summary>
public sealed class PushQueue(TimeProvider clock)
{
    private readonly ConcurrentDictionary<Guid, WaitingPush> waiting = [];

    /// <summary>Those of an app, oldest first.</summary>
    public ImmutableArray<WaitingPush> Of(AppId app) => [.. waiting.Values.Where(p => p.App == app).OrderBy(p => p.Since).ThenBy(p => p.Id)];

    /// <summary>Waits until it is disposed.</summary>
    internal IDisposable Add(AppId app, AccountId user, Commit commit)
    {
        var push = new WaitingPush(Guid.NewGuid(), app, user, commit, clock.GetUtcNow());
        waiting[push.Id] = push;
        return new Place(waiting, push.Id);
    }

    private sealed class Place(ConcurrentDictionary<Guid, WaitingPush> waiting, Guid push) : IDisposable
    {
        public void Dispose() => waiting.TryRemove(push, out _);
    }
}
