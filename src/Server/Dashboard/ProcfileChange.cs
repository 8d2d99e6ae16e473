using System.Collections.Immutable;
using Sluice.Dashboard.Shell;
using Sluice.Slugs;

namespace Sluice.Dashboard;

/// <summary>How the process types of two slugs differ, by name: those that appear, vanish, or start with another command.</summary>
public sealed record ProcfileChange(ImmutableArray<string> New, ImmutableArray<string> Gone, ImmutableArray<string> Changed)
{
    /// <summary>Null when they are the same.</summary>
    public static ProcfileChange? Between(Slug before, Slug after)
    {
        var (old, now) = (before.ProcessTypes, after.ProcessTypes);
        var change = new ProcfileChange(
            [.. now.Keys.Where(type => !old.ContainsKey(type))], [.. old.Keys.Where(type => !now.ContainsKey(type))],
            [.. now.Where(type => old.TryGetValue(type.Key, out var command) && command != type.Value).Select(type => type.Key)]);
        return change is { New.IsEmpty: true, Gone.IsEmpty: true, Changed.IsEmpty: true } ? null : change;
    }

    /// <summary>What it does, a sentence for each kind: <c>worker is new. clock is gone.</c></summary>
    public string Told => string.Join(' ', new[]
    {
        New.IsEmpty ? null : $"{Words.List(New)} {(New.Length == 1 ? "is" : "are")} new.",
        Gone.IsEmpty ? null : $"{Words.List(Gone)} {(Gone.Length == 1 ? "is" : "are")} gone, and any dynos stop.",
        Changed.IsEmpty ? null : $"{Words.List(Changed)} {(Changed.Length == 1 ? "starts" : "start")} with another command.",
    }.OfType<string>());
}
