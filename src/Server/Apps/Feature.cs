using System.Collections.Immutable;

namespace Sluice.Apps;

/// <summary>Something that is turned on for one account or one app. All that there are stand here: none that does nothing without saying so.</summary>
/// <param name="IsGeneral">Settled, listed by <c>features</c>; the others are tried out, listed by <c>labs</c>, and enabling them warns.</param>
/// <param name="IsFixed">Always on: it is how Sluice works.</param>
public sealed record Feature(string Name, string Title, string Description, bool IsGeneral = false, bool IsFixed = false)
{
    /// <summary>What people are told when they turn on what is not settled.</summary>
    public const string Warning = "WARNING: This feature is experimental and may change or be removed without notice.";

    public const string DynoMetadata = "runtime-dyno-metadata";

    public static readonly ImmutableArray<Feature> OfAccounts =
    [
        new("pipelines", "Pipelines by downstream app",
            "The first pipeline commands: pipeline, pipeline:add, :remove, :diff, :promote. They answer with and without this flag, which is kept for scripts that set it."),
    ];

    public static readonly ImmutableArray<Feature> OfApps =
    [
        new("preboot", "Preboot", "New web dynos are up and healthy before the old ones get no more requests. Always on.", IsGeneral: true, IsFixed: true),
        new(DynoMetadata, "Dyno Metadata",
            "Tells dynos about their app and release by HEROKU_APP_ID, HEROKU_APP_NAME, HEROKU_RELEASE_VERSION, HEROKU_RELEASE_CREATED_AT, HEROKU_SLUG_COMMIT and "
            + "HEROKU_SLUG_DESCRIPTION. Counts for dynos that start from then on."),
    ];
}

/// <summary>A feature as it stands for one account or app.</summary>
/// <param name="ChangedAt">Null when it was never turned on or off there.</param>
public sealed record FeatureState(Feature Feature, bool IsEnabled, DateTimeOffset? CreatedAt, DateTimeOffset? ChangedAt);
