using System.Collections.Immutable;
using Sluice.Router;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>
/// All dynos of all apps: desired against running. Keeps what <see cref="Want"/> said; restarts what crashed, with back-off; and moves an app
/// from one generation to the next in three steps that may each be repeated: prepare, flip, drain. Knows no release.
/// </summary>
public sealed class DynoFleet(IRuntime runtime, Routes routes, TimeProvider clock)
{
    private readonly IRuntime runtime = runtime;
    private readonly Routes routes = routes;
    private readonly TimeProvider clock = clock;

    /// <summary>Sets what should run now and nudges; the same plan again does nothing. For a scale change, a restart of the server, maintenance.</summary>
    public void Want(DynoPlan plan) => throw new NotImplementedException();

    /// <summary>The app is gone: stop everything of it.</summary>
    public void Forget(AppId app) => throw new NotImplementedException();

    /// <summary>Boots the web dynos of <paramref name="plan"/> beside those that run, and waits until all accept on their port (60 s at most).
    /// An app with no web planned is healthy at once. Unhealthy: the new ones are stopped again, the old ones were not touched.</summary>
    public Task<Prepared> PrepareAsync(DynoPlan plan, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Makes <paramref name="plan"/> the one to keep: routes to its web dynos (acknowledged by the router), stops old workers and starts new ones.
    /// Old web dynos get no new request after this returns; they drain in the background.</summary>
    public Task FlipAsync(DynoPlan plan, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Gives up a preparation: stops what it started.</summary>
    public Task DiscardAsync(AppId app, int generation, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Stops and starts again: all of an app (null), one type, or one dyno by name.</summary>
    public Task RestartAsync(AppId app, string? typeOrName, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Stops one dyno by name, or all of a type; the fleet starts them again (as Heroku's ps:stop).</summary>
    public Task StopAsync(AppId app, string typeOrName, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>What runs now, the current generation first.</summary>
    public ImmutableArray<DynoStatus> Of(AppId app) => throw new NotImplementedException();
}
