using System.Collections.Immutable;
using System.Text;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>
/// The promotions of a pipeline, with all that can be told of each target: those that the caller made or whose source the caller may see, and of their targets those
/// whose app the caller may see, as the API answers.
/// </summary>
internal sealed class MoveHistory(
    Db db, Promoter promoter, ReleaseLedger ledger, ReleaseWaits waits, SlugCatalog slugs, PipelineCatalog pipelines, Lookup lookup, People people, DynoFleet fleet, OpenLogs logs)
{
    private const int LinesTold = 12, BytesRead = 8 * 1024;

    /// <summary>Newest first.</summary>
    /// <param name="from">Only those with this number or a higher one.</param>
    public async Task<ImmutableArray<MoveView>> OfAsync(PipelineId pipeline, int most, int from, Principal who, CancellationToken ct)
    {
        var numbered = await db.ListAsync(
            $"""
            SELECT id, number FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, id) AS number FROM promotions WHERE pipeline_id = {pipeline}) AS numbered
             WHERE number >= {from} ORDER BY number DESC LIMIT {most}
            """, row => (Id: new PromotionId(row.Guid("id")), Number: row.Int("number")), ct);
        var moves = ImmutableArray.CreateBuilder<MoveView>();
        foreach (var (id, number) in numbered)
        {
            var found = (await promoter.FindAsync(id, ct))!;
            if (await IsSeenAsync(found, who, ct))
                moves.Add(await ViewAsync(found, number, who, ct));
        }

        return moves.ToImmutable();
    }

    /// <summary>One of them, seen by who made it and by who may see its source.</summary>
    public async Task<MoveView> OfAsync(string id, Principal who, CancellationToken ct)
    {
        var found = (Guid.TryParse(id, out var guid) ? await promoter.FindAsync(new PromotionId(guid), ct) : null) ?? throw Refuse.NotFound("promotion", id);
        if (!await IsSeenAsync(found, who, ct))
            throw Refuse.NotFound("promotion", id);
        var number = found.Pipeline is not { } pipeline ? 1 : await db.FindAsync(
            $"SELECT COUNT(*) AS number FROM promotions WHERE pipeline_id = {pipeline} AND (created_at < {found.CreatedAt} OR (created_at = {found.CreatedAt} AND id <= {found.Id}))",
            row => row.Int("number"), ct);
        return await ViewAsync(found, number, who, ct);
    }

    private async Task<bool> IsSeenAsync(Promotion promotion, Principal who, CancellationToken ct) =>
        promotion.User == who.Account || !(await lookup.AppsAsync([promotion.Source], who, ct)).IsEmpty;

    private async Task<MoveView> ViewAsync(Promotion promotion, int number, Principal who, CancellationToken ct)
    {
        var names = (await lookup.AppsAsync(promotion.Targets.Select(t => t.App).Append(promotion.Source), who, ct)).ToDictionary(a => a.Id, a => a.Name);
        var source = await ledger.FindAsync(promotion.SourceRelease, ct);
        var slug = source?.Slug is { } id ? await slugs.FindAsync(id, ct) : null;
        var targets = ImmutableArray.CreateBuilder<TargetView>();
        PromotionTarget[] seen = [.. promotion.Targets.Where(t => names.ContainsKey(t.App))];
        foreach (var target in seen)
            targets.Add(await TargetAsync(target, names[target.App], ct));
        var stages = new List<string>();
        foreach (var target in seen)
        {
            if (promotion.Pipeline is { } own && await pipelines.CouplingOfAsync(target.App, ct) is { } coupling && coupling.Pipeline == own)
                stages.Add(coupling.Stage);
        }

        return new MoveView
        {
            Promotion = promotion,
            Number = number,
            Source = names.GetValueOrDefault(promotion.Source, "an app"),
            SourceVersion = source?.Version,
            Digest = slug?.Digest,
            By = (await people.NamesAsync([promotion.User], ct))[promotion.User],
            To = seen.Length == 0 ? "apps that you may not see" : stages.Distinct().ToArray() is [var only] ? only : Shell.Words.List([.. seen.Select(t => names[t.App])]),
            Targets = targets.ToImmutable(),
            HasPhase = slug?.ProcessTypes.ContainsKey(ReleasePhase.ProcessType) ?? false,
        };
    }

    private async Task<TargetView> TargetAsync(PromotionTarget target, string name, CancellationToken ct)
    {
        var release = target.Release is { } id ? await ledger.FindAsync(id, ct) : null;
        var keeps = target.Status == "failed" ? (await ledger.CurrentAsync(target.App, ct))?.Version : null;
        var output = release is { HasOutput: true } ? await TailAsync(logs.PathOf(release.Id), ct) : [];
        var isDraining = release is { Status: "succeeded" } && fleet.Of(target.App).Any(d => d.Generation < release.Version && d.State == Runtime.DynoState.Up);
        var wait = release is not null ? await waits.OfAsync(release, ct) : target.Status == "pending" ? await waits.InTurnAsync(target.App, name, ct) : null;
        return new TargetView(target, name, release, keeps, output, isDraining, wait);
    }

    private static async Task<ImmutableArray<string>> TailAsync(string path, CancellationToken ct)
    {
        if (!File.Exists(path))
            return [];
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var skipped = Math.Max(0, file.Length - BytesRead);
        file.Seek(skipped, SeekOrigin.Begin);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var lines = (await reader.ReadToEndAsync(ct)).TrimEnd('\n').Split('\n').Select(LogText.Shown);
        return [.. (skipped > 0 ? lines.Skip(1) : lines).TakeLast(LinesTold)];
    }
}
