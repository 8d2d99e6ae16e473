using System.Collections.Immutable;

namespace Sluice.Tests.Model;

internal sealed record ModelSlug(string Commit, bool HasPhase);

internal abstract record ModelRequest
{
    public sealed record Initial : ModelRequest;

    public sealed record Slug(ModelSlug What, string Why) : ModelRequest;

    public sealed record Config(string Why) : ModelRequest;

    public sealed record Rollback(ModelRelease To) : ModelRequest;
}

/// <summary>A release; version, slug and config come when it is its turn.</summary>
internal sealed class ModelRelease(ModelRequest request)
{
    public ModelRequest Request { get; } = request;
    public int Version { get; set; }
    public ModelSlug? Slug { get; set; }
    public ImmutableSortedDictionary<string, string> Config { get; set; } = ImmutableSortedDictionary<string, string>.Empty;
    public string Description { get; set; } = "";
    public string Status { get; set; } = "pending";
    public bool IsPrepared { get; set; }

    /// <summary>All or none of them becomes current, this one among them; empty when it stands alone.</summary>
    public List<(ModelApp App, ModelRelease Release)> Group { get; set; } = [];
}

internal sealed class ModelLedger
{
    public List<ModelRelease> All { get; } = [];
    public List<ModelRelease> Queue { get; } = [];
    public bool IsHeld { get; set; }

    /// <summary>A release command that is held runs: whatever became of its release, nothing else of the app is prepared beside it.</summary>
    public bool RunsCommand { get; set; }
    public ModelRelease? Current => All.FindLast(r => r.Status == "succeeded");
    public ModelRelease? InFlight => All is [.., { Status: "pending" } last] ? last : null;
}

/// <summary>The ledger's rules: turns, ends, groups.</summary>
internal static class ModelReleases
{
    public static void SetConfig(ModelApp app, string name, string? value)
    {
        if (app.Config.GetValueOrDefault(name) == value)
            return;
        app.Config = value is null ? app.Config.Remove(name) : app.Config.SetItem(name, value);
        Add(app, new ModelRequest.Config(value is null ? $"Remove {name} config vars" : $"Set {name} config vars"));
    }

    public static ModelRelease Add(ModelApp app, ModelRequest request)
    {
        var release = new ModelRelease(request);
        app.Ledger.Queue.Add(release);
        TakeTurns(app);
        return release;
    }

    /// <summary>Takes everything as far as it goes.</summary>
    public static void Advance(IReadOnlyCollection<ModelApp> apps)
    {
        while (apps.Any(GoesOn))
        {
        }
    }

    /// <summary>The app is no more: what was on its way has failed.</summary>
    public static void Vanish(ModelApp app)
    {
        foreach (var release in app.Ledger.All.Concat(app.Ledger.Queue).Where(r => r.Status == "pending"))
        {
            release.Status = "failed";
            release.Group.ForEach(m => Fail(m.App, m.Release));
        }
    }

    private static void TakeTurns(ModelApp app)
    {
        var ledger = app.Ledger;
        while (ledger.InFlight is null && ledger.Queue is [var next, ..])
        {
            ledger.Queue.RemoveAt(0);
            Begin(app, next);
        }
    }

    private static void Begin(ModelApp app, ModelRelease release)
    {
        (release.Slug, release.Description) = release.Request switch
        {
            ModelRequest.Slug(var slug, var why) => (slug, $"{why} {slug.Commit[..7]}"),
            ModelRequest.Config(var why) => (app.Ledger.Current?.Slug, why),
            ModelRequest.Rollback(var to) => (to.Slug, $"Rollback to v{to.Version}"),
            _ => (null, "Initial release"),
        };
        if (release.Request is ModelRequest.Rollback rollback)
            app.Config = rollback.To.Config;
        (release.Version, release.Config) = (app.Ledger.All.Count + 1, app.Config);
        if (release.Slug is null)
            release.Status = "succeeded";
        app.Ledger.All.Add(release);
    }

    /// <summary>One step of one app; false when there is none.</summary>
    private static bool GoesOn(ModelApp app)
    {
        if (app.Ledger is not { RunsCommand: false, InFlight: { } release } || release.Group.Exists(m => m.Release.Version == 0))
            return false;
        if (release.IsPrepared)
            return release.Group.TrueForAll(m => m.Release.IsPrepared) && Succeed(app, release);
        if (release.Slug!.HasPhase && app.Ledger.IsHeld)
            return !(app.Ledger.RunsCommand = true);
        if (release.Config.ContainsKey("CRASH") || (release.Slug.HasPhase && release.Config.ContainsKey("FAIL")))
            return Fail(app, release);
        return release.IsPrepared = true;
    }

    private static bool Succeed(ModelApp app, ModelRelease release)
    {
        foreach (var (member, its) in release.Group is [] ? [(app, release)] : release.Group)
        {
            its.Status = "succeeded";
            TakeTurns(member);
        }
        return true;
    }

    private static bool Fail(ModelApp app, ModelRelease release)
    {
        if (release.Status != "pending")
            return false;
        release.Status = "failed";
        app.Ledger.Queue.Remove(release);
        release.Group.ForEach(m => Fail(m.App, m.Release));
        TakeTurns(app);
        return true;
    }
}
