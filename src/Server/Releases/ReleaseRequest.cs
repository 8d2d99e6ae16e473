using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Sluice.Releases;

/// <summary>What is asked for. Slug and config are fixed when the release's turn comes, not here. Kept as JSON while it waits.</summary>
[JsonDerivedType(typeof(Initial), "initial")]
[JsonDerivedType(typeof(Deploy), "deploy")]
[JsonDerivedType(typeof(Config), "config")]
[JsonDerivedType(typeof(Promotion), "promotion")]
[JsonDerivedType(typeof(Rollback), "rollback")]
[JsonDerivedType(typeof(Api), "api")]
public abstract record ReleaseRequest(AppId App, AccountId User, string? RequestId)
{
    /// <summary>A new app's v1.</summary>
    public sealed record Initial(AppId App, AccountId User, string? RequestId) : ReleaseRequest(App, User, RequestId);

    public sealed record Deploy(AppId App, AccountId User, string? RequestId, SlugId Slug) : ReleaseRequest(App, User, RequestId);

    /// <summary>A change of config vars, already in the app's row: the names that were set and those that were removed.</summary>
    public sealed record Config(AppId App, AccountId User, string? RequestId, ImmutableArray<string> Set, ImmutableArray<string> Removed) : ReleaseRequest(App, User, RequestId);

    public sealed record Promotion(AppId App, AccountId User, string? RequestId, SlugId Slug, string SourceApp, int SourceVersion) : ReleaseRequest(App, User, RequestId);

    public sealed record Rollback(AppId App, AccountId User, string? RequestId, ReleaseId To) : ReleaseRequest(App, User, RequestId);

    /// <summary>POST /apps/:a/releases with a slug and, maybe, a description of the caller's own.</summary>
    public sealed record Api(AppId App, AccountId User, string? RequestId, SlugId Slug, string? Description) : ReleaseRequest(App, User, RequestId);

    internal ReleaseReason Reason => this switch
    {
        Initial => ReleaseReason.Initial,
        Deploy => ReleaseReason.Deploy,
        Config => ReleaseReason.Config,
        Promotion => ReleaseReason.Promotion,
        Rollback => ReleaseReason.Rollback,
        _ => ReleaseReason.Api,
    };
}
