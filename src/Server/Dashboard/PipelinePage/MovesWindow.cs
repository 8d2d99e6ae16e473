using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Pipelines;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>
/// The promotions that one open page shows. What comes while it is open is told after the others, and what was told whole stays so: nothing on the page moves
/// under somebody's hand. A page that is loaded, or on which very many have come, begins anew.
/// </summary>
internal sealed class MovesWindow(TimeProvider clock)
{
    private const int AtFirst = 6, AtMost = 24;

    /// <summary>One that has just ended stays open, so that nobody misses how.</summary>
    private static readonly TimeSpan StaysOpen = TimeSpan.FromMinutes(5);

    private readonly HashSet<PromotionId> open = [];
    private int? first;

    /// <summary>Newest first.</summary>
    public async Task<ImmutableArray<MoveView>> LookAsync(MoveHistory history, PipelineId pipeline, Principal who, CancellationToken ct)
    {
        var moves = await history.OfAsync(pipeline, first is null ? AtFirst : AtMost, first ?? 1, who, ct);
        if (first is not null && moves.Length == AtMost)
        {
            moves = moves[..AtFirst];
            open.Clear();
        }

        first = moves.IsEmpty ? 1 : moves[^1].Number;
        open.UnionWith(moves.Where((move, i) => move.IsRunning || (i == 0 && clock.GetUtcNow() - move.EndedAt < StaysOpen)).Select(move => move.Promotion.Id));
        return [.. moves.Select(move => move with { IsOpen = open.Contains(move.Promotion.Id) })];
    }
}
