using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Slugs;

namespace Sluice.Releases;

/// <summary>What dynos of an app with the feature <see cref="Feature.DynoMetadata"/> are told by their environment (https://devcenter.heroku.com/articles/dyno-metadata).
/// A config var of the same name wins.</summary>
internal static class DynoMetadata
{
    public static ImmutableDictionary<string, string> Of(App app, Release release, Slug? slug) => new Dictionary<string, string?>
    {
        ["HEROKU_APP_ID"] = app.Id.ToString(),
        ["HEROKU_APP_NAME"] = app.Name,
        ["HEROKU_RELEASE_VERSION"] = $"v{release.Version}",
        ["HEROKU_RELEASE_CREATED_AT"] = release.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
        ["HEROKU_SLUG_COMMIT"] = slug?.Commit,
        ["HEROKU_SLUG_DESCRIPTION"] = release.Description,
    }.Where(told => told.Value is not null).ToImmutableDictionary(told => told.Key, told => told.Value!, StringComparer.Ordinal);
}
