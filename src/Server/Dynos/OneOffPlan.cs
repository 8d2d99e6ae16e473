using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>A dyno that somebody starts by hand: what to run, of which release, for how long.</summary>
public sealed record OneOffPlan
{
    public required AppId App { get; init; }

    /// <summary>Version of the release that it runs.</summary>
    public required int Generation { get; init; }
    public required SlugDigest Slug { get; init; }

    /// <summary>Config vars of that release and what the caller added; PORT and DYNO are added to it.</summary>
    public required ImmutableDictionary<string, string> Env { get; init; }

    /// <summary>First part of its name: <c>run</c> unless told otherwise.</summary>
    public required string Type { get; init; }
    public required string Command { get; init; }
    public required string Size { get; init; }

    /// <summary>It is ended after this, whatever it does.</summary>
    public required TimeSpan Limit { get; init; }

    /// <summary>Address of who asked, for the app's log.</summary>
    public required string By { get; init; }

    /// <summary>The terminal that stands at its other end; null when there is none, and its streams are pipes.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>How many the app may have at once, this one included.</summary>
    public long Most { get; init; } = Quota.OneOffs.Default;

    /// <summary>Its exit status is the last line that its caller gets, in the form that clients look for.</summary>
    public bool TellsExit { get; init; }

    internal DynoStart Start(DynoId id, string name) => new()
    {
        Id = id, App = App, Name = name, Type = Type, Generation = Generation, Slug = Slug, Env = Env, Command = Command, Size = Size, IsOneOff = true, Limit = Limit,
    };

    internal OneOff Run(DynoId id, string name) => new()
    {
        Id = id, App = App, Name = name, Slug = Slug, Env = Env, Command = Command, Size = Size, Limit = Limit, Terminal = Terminal, TakesInput = true,
    };

    internal DynoStatus Status(DynoId id, string name, DateTimeOffset now) => new()
    {
        Id = id, App = App, Name = name, Type = Type, Generation = Generation, Size = Size, Command = Command, State = DynoState.Starting, Since = now, IsOneOff = true,
    };
}
