using System.Collections.Immutable;
using Sluice.Logs;

namespace Sluice.Sources;

/// <summary>One commit, as its author wrote it: the text is a tenant's, without what would command a terminal.</summary>
public sealed record Commit
{
    /// <summary>40 lower-case hex digits.</summary>
    public required string Sha { get; init; }

    /// <summary>Of its files; two commits with one tree have the same content.</summary>
    public required string Tree { get; init; }

    /// <summary>First line of its message.</summary>
    public required string Subject { get; init; }
    public required string Author { get; init; }
    public required string AuthorEmail { get; init; }
    public required DateTimeOffset At { get; init; }

    public string Short => Sha[..7];

    public static bool IsSha(string? text) => text is { Length: 40 } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>What <see cref="GitCommand.Format"/> printed, six fields each closed by NUL.</summary>
    internal static ImmutableArray<Commit> Parse(string printed) =>
        [.. Chunks(printed, 6).Select(f => Of(f))];

    /// <summary>The same with a side before each.</summary>
    internal static ImmutableArray<SidedCommit> ParseSides(string printed) => [.. Chunks(printed, 7).Select(f => new SidedCommit(f[0] == "<", Of(f.AsSpan(1))))];

    private static IEnumerable<string[]> Chunks(string printed, int fields) => printed.Split('\0').SkipLast(1).Chunk(fields).Where(f => f.Length == fields);

    private static Commit Of(ReadOnlySpan<string> f) => new()
    {
        Sha = f[0],
        Tree = f[1],
        Subject = LogText.Clean(f[2]),
        Author = LogText.Clean(f[3]),
        AuthorEmail = LogText.Clean(f[4]),
        At = DateTimeOffset.FromUnixTimeSeconds(long.TryParse(f[5], out var seconds) && seconds is > -62135596800 and < 253402300800 ? seconds : 0),
    };
}

/// <param name="IsLeft">Only the first of the two that were compared has it.</param>
internal readonly record struct SidedCommit(bool IsLeft, Commit Commit);

/// <summary>What one app would get from another, in commits. Newest first.</summary>
public sealed record CommitDiff
{
    /// <summary>The commit of the side that is asked about (downstream); null when it has none.</summary>
    public required string? From { get; init; }

    /// <summary>The commit of the side that would be promoted.</summary>
    public required string? To { get; init; }

    /// <summary>How many <see cref="To"/> has that <see cref="From"/> lacks.</summary>
    public required int AheadBy { get; init; }

    /// <summary>How many <see cref="From"/> has that <see cref="To"/> lacks.</summary>
    public required int BehindBy { get; init; }

    /// <summary>In <see cref="To"/> and not in <see cref="From"/>; the newest ones when they are many.</summary>
    public required ImmutableArray<Commit> Ahead { get; init; }

    /// <summary>In <see cref="From"/> and not in <see cref="To"/>: what a promotion would take back.</summary>
    public required ImmutableArray<Commit> Behind { get; init; }

    /// <summary><c>ancestry</c>; when history was rewritten, <c>patch</c>: matched by what commits change, or <c>authorship</c>: by who wrote what when, since they are many.</summary>
    public required string Matched { get; init; }
}
