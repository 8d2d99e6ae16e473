using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Wire;

namespace Sluice.Api;

internal static class ReleasesApi
{
    /// <summary>How long a caller waits for its release's turn: under the minute after which clients hang up.</summary>
    private static readonly TimeSpan TurnLimit = TimeSpan.FromSeconds(50);

    private const int MaxDescription = 500;

    private static readonly Key<Release>[] Keys = [new("version", r => r.Version.ToString()), new("id", r => r.Id.ToString())];

    public static void MapReleases(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/releases", List).ForApp(Permission.View);
        api.MapPost("/apps/{name}/releases", Create).ForApp(Permission.Deploy);
        api.MapGet("/apps/{name}/releases/{release}", Info).ForApp(Permission.View);
    }

    private static async Task<IReadOnlyList<ReleaseWire>> List(HttpContext http, App app, ReleaseLedger ledger, ReleaseScribe scribe, CancellationToken ct)
    {
        var page = Page.Of(http, await ledger.ListAsync(app.Id, ct), release => release, Keys);
        return await scribe.WriteAsync(app, page, ct);
    }

    private static async Task<ReleaseWire> Info(App app, string release, ReleaseLedger ledger, ReleaseScribe scribe, CancellationToken ct) =>
        await scribe.WriteAsync(app, await ledger.FindAsync(app.Id, release, ct) ?? throw Refuse.NotFound("release", release), ct);

    /// <summary>An old release (roll back) or a slug. Answers when the new one has its version, long before it has ended.</summary>
    private static async Task<Created<ReleaseWire>> Create(
        RequestBody body, App app, Principal who, ReleaseLedger ledger, Releaser releaser, SlugFinder slugs, ReleaseScribe scribe, CancellationToken ct)
    {
        var (old, slug, description) = (body.TextOrNumber("release"), body.Reference("slug"), body.Text("description"));
        if (old is null == slug is null)
            body.Fault("Name either a release to roll back to or a slug to release.");
        if (description?.Length > MaxDescription || description?.Any(char.IsControl) == true)
            body.Fault($"description may have {MaxDescription} characters, and no line breaks.");
        body.RefuseFaults();
        var id = old is not null
            ? await ledger.RollBackAsync(app.Id, who.Account, old, who.RequestId, ct)
            : await ledger.AddAsync(new ReleaseRequest.Api(app.Id, who.Account, who.RequestId, (await slugs.FindAnyAsync(slug!, who, ct)).Id, description), ct);
        releaser.Nudge();
        var release = await TurnOfAsync(releaser, id, ct);
        return TypedResults.Created($"/apps/{app.Id}/releases/{release.Id}", await scribe.WriteAsync(app, release, ct));
    }

    private static async Task<Release> TurnOfAsync(Releaser releaser, ReleaseId id, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TurnLimit);
        try
        {
            return await releaser.TurnOfAsync(id, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Refuse.Unavailable("The release was accepted and waits behind another one of this app that still runs. See the app's releases.");
        }
    }
}

/// <summary>Slugs that a caller names under an app: made for it, or released to it.</summary>
internal sealed class SlugFinder(SlugCatalog slugs, ReleaseLedger ledger, Lookup lookup)
{
    /// <summary>To be released to another app: whoever has a slug's files has the source, so it takes an app with that slug that the caller may deploy to.</summary>
    public async Task<Slug> FindAnyAsync(string idText, Principal who, CancellationToken ct)
    {
        var slug = Guid.TryParse(idText, out var id) ? await slugs.FindAsync(new SlugId(id), ct) : null;
        if (slug is null || await lookup.AccessesAsync([slug.App, .. await ledger.AppsOfAsync(slug.Id, ct)], who, ct) is not { IsEmpty: false } seen)
            throw Refuse.NotFound("slug", idText);
        if (!seen.Any(app => app.Granted.Has(Permission.Deploy)))
            seen[0].Demand(Permission.Deploy);
        return slug;
    }

    public async Task<Slug> FindAsync(App app, string idText, CancellationToken ct)
    {
        var slug = Guid.TryParse(idText, out var id) ? await slugs.FindAsync(new SlugId(id), ct) : null;
        if (slug is null || (slug.App != app.Id && !await WasReleasedAsync(app, slug.Id, ct)))
            throw Refuse.NotFound("slug", idText);
        return slug;
    }

    private async Task<bool> WasReleasedAsync(App app, SlugId slug, CancellationToken ct) =>
        (await ledger.ListAsync(app.Id, ct)).Any(release => release.Slug == slug);
}

/// <summary>Writes releases for the wire, with what they only refer to: who, whether it is the current one, where its output is.</summary>
internal sealed class ReleaseScribe(ReleaseLedger ledger, Releaser releaser, AccountTable accounts, SlugCatalog slugs, AppTickets tickets, Links links)
{
    private readonly Dictionary<AccountId, UserWire> users = [];
    private readonly Dictionary<SlugId, Slug?> known = [];

    public async Task<ReleaseWire> WriteAsync(App app, Release release, CancellationToken ct) => (await WriteAsync(app, [release], ct))[0];

    public async Task<IReadOnlyList<ReleaseWire>> WriteAsync(App app, IReadOnlyList<Release> releases, CancellationToken ct)
    {
        var current = await ledger.CurrentAsync(app.Id, ct);
        var gone = await slugs.NoLongerKeptAsync(releases.Select(r => r.Slug).OfType<SlugId>(), ct);
        var wires = new List<ReleaseWire>(releases.Count);
        foreach (var release in releases)
        {
            var wire = await WriteAsync(app, release, release.Id == current?.Id, ct);
            // Heroku's word for a release that nobody can go back to any more.
            var isExpired = release is { Status: "succeeded", Slug: { } slug } && gone.Contains(slug);
            wires.Add(isExpired ? wire with { Status = "expired", EligibleForRollback = false } : wire);
        }
        return wires;
    }

    public async Task<UserWire> UserAsync(AccountId id, CancellationToken ct)
    {
        if (users.TryGetValue(id, out var user))
            return user;
        var account = await accounts.FindAsync(id, ct);
        return users[id] = new UserWire(id.Value, account?.Email ?? "gone@localhost");
    }

    private async Task<ReleaseWire> WriteAsync(App app, Release release, bool isCurrent, CancellationToken ct) => new()
    {
        Id = release.Id.Value,
        App = app.ToNamed(),
        Version = release.Version,
        Description = release.Description,
        Status = release.Status == "errored" ? "failed" : release.Status,
        Current = isCurrent,
        Slug = release.Slug is { } slug ? new IdWire(slug.Value) : null,
        User = await UserAsync(release.User, ct),
        OutputStreamUrl = await OutputAsync(release, ct),
        EligibleForRollback = release.Slug is not null && release.Status == "succeeded",
        Failure = release.Failure,
        WaitingFor = await releaser.WhyItWaitsAsync(release, ct),
        CreatedAt = release.CreatedAt,
        UpdatedAt = release.UpdatedAt,
    };

    /// <summary>There is one as soon as it is clear that a release phase will run, so that nobody who asks early is told that there is none.</summary>
    private async Task<string?> OutputAsync(Release release, CancellationToken ct)
    {
        var will = release.HasOutput || (!release.IsTerminal && await SlugAsync(release.Slug, ct) is { } slug && slug.ProcessTypes.ContainsKey("release"));
        return will ? StreamsApi.AddressOf(release.App, release.Id, tickets, links) : null;
    }

    private async Task<Slug?> SlugAsync(SlugId? id, CancellationToken ct)
    {
        if (id is not { } slug)
            return null;
        if (!known.TryGetValue(slug, out var found))
            known[slug] = found = await slugs.FindAsync(slug, ct);
        return found;
    }
}
