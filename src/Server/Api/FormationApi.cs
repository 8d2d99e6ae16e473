using System.Security.Cryptography;
using System.Text;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Wire;

namespace Sluice.Api;

internal static class FormationApi
{
    public static void MapFormation(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/formation", List).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/formation", UpdateMany).ForApp(Permission.Operate);
        api.MapGet("/apps/{name}/formation/{type}", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/formation/{type}", Update).ForApp(Permission.Operate);
        api.MapGet("/dyno-sizes", () => DynoSize.All.Select(ToWire).ToArray()).ForAccount();
        api.MapGet("/dyno-sizes/{size}", (string size) => (FindSize(size) ?? throw Refuse.NotFound("dyno size", size)).ToWire()).ForAccount();
    }

    private static async Task<IReadOnlyList<FormationWire>> List(
        HttpContext http, App app, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct)
    {
        var types = await TypesAsync(app, ledger, slugs, ct);
        var rows = (await formation.ListAsync(app.Id, ct)).Where(row => types.ContainsKey(row.Type)).ToList();
        if (!types.ContainsKey(ReleasePhase.ProcessType) && await FailedAsync(app, ledger, slugs, ct) is { } failed)
        {
            rows.Add(failed.Row);
            types = new Dictionary<string, string>(types, StringComparer.Ordinal) { [ReleasePhase.ProcessType] = failed.Command };
        }

        return Page.Of(
            http,
            rows,
            row => row.ToWire(app, types[row.Type]),
            new Key<Formation>("type", row => row.Type),
            new("id", row => row.Id.ToString()));
    }

    private static async Task<FormationWire> Info(
        App app, string type, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct)
    {
        var types = await TypesAsync(app, ledger, slugs, ct);
        var row = (await formation.ListAsync(app.Id, ct)).FirstOrDefault(r => types.ContainsKey(r.Type) && (r.Type == type || r.Id.ToString() == type));
        return (row ?? throw Refuse.NotFound("process type", type)).ToWire(app, types[row.Type]);
    }

    private static async Task<IReadOnlyList<FormationWire>> UpdateMany(
        RequestBody body, App app, Principal who, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CurrentPlans plans, CancellationToken ct)
    {
        Scale[] changes = [.. body.Items("updates").Select(u => new Scale(u.NeedText("type"), u.TextOrNumber("quantity"), SizeOf(u)))];
        if (changes.Length == 0)
            body.Fault("updates must name at least one process type.");
        return await ScaleAsync(body, app, changes, who, formation, ledger, slugs, plans, ct);
    }

    private static async Task<FormationWire> Update(
        RequestBody body, App app, string type, Principal who, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CurrentPlans plans,
        CancellationToken ct)
    {
        var change = new Scale(type, body.TextOrNumber("quantity"), SizeOf(body));
        return (await ScaleAsync(body, app, [change], who, formation, ledger, slugs, plans, ct))[0];
    }

    private static async Task<IReadOnlyList<FormationWire>> ScaleAsync(
        RequestBody body, App app, Scale[] changes, Principal who, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CurrentPlans plans, CancellationToken ct)
    {
        var types = await TypesAsync(app, ledger, slugs, ct);
        body.Fault(FormationTable.Faults(app, [.. changes.Where(change => change.Type.Length > 0)], [.. types.Keys]));
        body.RefuseFaults();
        var rows = await formation.ScaleAsync(app, changes, [.. types.Keys], who, ct);
        plans.Nudge(app.Id);
        return [.. changes.Select(change => rows.First(row => row.Type == change.Type).ToWire(app, types[change.Type]))];
    }

    /// <summary>The release command of a newest release that failed: clients look here for one before they offer to try it again. Null when there is none.</summary>
    private static async Task<(Formation Row, string Command)?> FailedAsync(App app, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct)
    {
        if ((await ledger.ListAsync(app.Id, ct)).MaxBy(release => release.Version) is not { Slug: { } id, IsTerminal: true } newest
            || (await slugs.FindAsync(id, ct))?.ProcessTypes.GetValueOrDefault(ReleasePhase.ProcessType) is not { } command)
            return null;
        return (new Formation
        {
            Id = StableId.Of("release-command", app.Id.ToString()), App = app.Id, Type = ReleasePhase.ProcessType, Quantity = 0, Size = DynoSize.Default.Name,
            CreatedAt = newest.CreatedAt, UpdatedAt = newest.CreatedAt,
        }, command);
    }

    /// <summary>What the app can run: process type → command of the current release's slug. Empty before the first deploy.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> TypesAsync(App app, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct) =>
        await ledger.CurrentAsync(app.Id, ct) is { Slug: { } id } && await slugs.FindAsync(id, ct) is { } slug
            ? slug.ProcessTypes
            : new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A size is named as text, or by <c>dyno_size</c> as an object.</summary>
    private static string? SizeOf(RequestBody body) => (body.Reference("size") ?? body.Reference("dyno_size")) is { } named ? FindSize(named)?.Name ?? named : null;

    private static DynoSize? FindSize(string nameOrId) => DynoSize.Find(nameOrId) ?? DynoSize.All.FirstOrDefault(size => IdOf(size).ToString() == nameOrId);

    /// <summary>Sizes are known by name; clients want an id as well, the same one for ever.</summary>
    private static Guid IdOf(DynoSize size) => StableId.Of("dyno-size", size.Name);

    private static FormationWire ToWire(this Formation row, App app, string command) => new()
    {
        Id = row.Id,
        App = app.ToNamed(),
        Type = row.Type,
        Command = command,
        Quantity = row.Quantity,
        Size = row.Size,
        DynoSize = new NamedWire(IdOf(DynoSize.Find(row.Size) ?? DynoSize.Default), row.Size),
        CreatedAt = row.CreatedAt,
        UpdatedAt = row.UpdatedAt,
    };

    private static DynoSizeWire ToWire(this DynoSize size) => new()
    {
        Id = IdOf(size),
        Name = size.Name,
        Memory = size.MemoryMb / 1024.0,
        Compute = Math.Max(1, size.CpuPercent / 100),
        PreciseDynoUnits = size.MemoryMb / 512.0,
        Dedicated = size.Name.StartsWith("Performance", StringComparison.Ordinal),
        Architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
    };
}

/// <summary>Ids for things that we know by name only: made from the name, so the same on every server and after every start.</summary>
internal static class StableId
{
    public static Guid Of(string kind, string name)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"sluice {kind} {name}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x80);   // version 8: made by a rule of one's own
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
