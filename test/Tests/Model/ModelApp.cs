using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>What a person or a team owns.</summary>
internal abstract class ModelThing
{
    public required string Name { get; set; }
    public required string Owner { get; set; }
}

/// <summary>An app with its releases: one at a time is on its way, the others wait for their turn.</summary>
internal sealed class ModelApp : ModelThing
{
    public bool Locked { get; set; }
    public string? OfferedTo { get; set; }
    public Dictionary<string, May> Added { get; } = [];
    public ModelPipeline? Pipeline { get; set; }
    public string Stage { get; set; } = "";
    public ModelApp? Downstream { get; set; }
    public ImmutableSortedDictionary<string, string> Config { get; private set; } = ImmutableSortedDictionary<string, string>.Empty;
    public bool IsHeld { get; set; }

    /// <summary>A release command that is held runs: whatever became of its release, nothing else of the app is prepared beside it.</summary>
    public bool RunsCommand { get; set; }

    /// <summary>Those that had their turn, by version.</summary>
    public List<ModelRelease> Releases { get; } = [];
    public List<ModelRelease> Waiting { get; } = [];
    public ModelRelease? Current => Releases.FindLast(r => r.Status == "succeeded");
    public ModelRelease? InFlight => Releases is [.., { Status: "pending" } last] ? last : null;

    /// <summary>This app, then where it is promoted to by its edge, and on from there.</summary>
    public IEnumerable<ModelApp> AndDownstream => [this, .. Downstream?.AndDownstream ?? []];

    public void LetGo() => IsHeld = RunsCommand = false;
    public void BackTo(ModelRelease release) => Add($"Rollback to v{release.Version}", release.Slug, release.Config);

    /// <summary>Without a slug it has that of the release before it, without config vars the app's.</summary>
    public ModelRelease Add(string why, ModelSlug? slug = null, ImmutableSortedDictionary<string, string>? config = null)
    {
        var release = new ModelRelease(this, why, slug, config);
        Waiting.Add(release);
        TakeTurns();
        return release;
    }

    public void Set(string key, string? value)
    {
        if (Config.GetValueOrDefault(key) == value)
            return;
        Config = value is null ? Config.Remove(key) : Config.SetItem(key, value);
        Add($"{(value is null ? "Remove" : "Set")} {key} config vars");
    }

    public void TakeTurns()
    {
        while (InFlight is null && Waiting is [var next, ..])
        {
            Waiting.Remove(next);
            next.Begin();
            Releases.Add(next);
            Config = next.Config;
        }
    }

    /// <summary>The app is no more: what was on its way has failed.</summary>
    public void Vanish() => Enumerable.Reverse([.. Releases, .. Waiting]).Where(r => r.Status == "pending").ToList().ForEach(r => r.End("failed"));
}

/// <summary>Version, slug and config come when it is its turn.</summary>
internal sealed class ModelRelease(ModelApp app, string description, ModelSlug? slug, ImmutableSortedDictionary<string, string>? config)
{
    private readonly ModelApp app = app;
    private bool isPrepared;

    public string Description => description;
    public string Status { get; private set; } = "pending";
    public int Version { get; private set; }
    public ModelSlug? Slug { get; private set; } = slug;
    public ImmutableSortedDictionary<string, string> Config { get; private set; } = config ?? ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>All or none of them becomes current; it alone unless it is told of others.</summary>
    public List<ModelRelease> Group { private get => field ?? [this]; set; }

    public void Begin()
    {
        (Version, Slug, Config) = (app.Releases.Count + 1, Slug ?? app.Current?.Slug, config ?? app.Config);
        Status = Slug is null ? "succeeded" : Status;
    }

    /// <summary>One step; false when there is none.</summary>
    public bool GoesOn() =>
        app.RunsCommand || Group.Exists(r => r.Version == 0) ? false
        : isPrepared ? Group.TrueForAll(r => r.isPrepared) && End("succeeded")
        : Slug!.HasPhase && app.IsHeld ? !(app.RunsCommand = true)
        : Config.ContainsKey("CRASH") || (Slug.HasPhase && Config.ContainsKey("FAIL")) ? End("failed")
        : isPrepared = true;

    public bool End(string status)
    {
        Group.ForEach(r => r.Status = status);
        Group.ForEach(r => r.app.Waiting.Remove(r));
        Group.ForEach(r => r.app.TakeTurns());
        return true;
    }
}

internal sealed record ModelSlug(string Commit, bool HasPhase);
