using System.Collections.Immutable;
using System.Globalization;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>
/// How two commits differ, in commits, whatever repositories they lie in. 1. Walk what each has that the other lacks; if one has nothing, ancestry tells.
/// 2. Else history was rewritten, or went apart: commits are matched by what they change. 3. If those are too many, or that takes too long, by who wrote
/// them when, which a rebase keeps. So a question has a bound, however long the histories are.
/// </summary>
public sealed class Comparison(Repositories repositories)
{
    /// <summary>Most commits told on a side; how many there are is counted all the same.</summary>
    public const int MaxTold = 1000;

    private static readonly TimeSpan PatchPatience = TimeSpan.FromSeconds(1);

    /// <summary>What <paramref name="to"/> has and <paramref name="from"/> lacks, and the reverse. The repositories of <paramref name="apps"/> see each other for
    /// this question alone; the caller has asked for permission on all of them. Null when none of them has one of the commits.</summary>
    public async Task<CommitDiff?> DiffAsync(ImmutableArray<AppId> apps, string from, string to, CancellationToken ct)
    {
        var (repository, sight) = Seeing(apps);
        if (await Apart.WalkAsync(Seen(GitCommand.WalkApart(repository, from, to)), Seen(GitCommand.Read(repository)), ct) is not { } apart)
            return null;
        var (behind, ahead) = (apart.Behind, apart.Ahead);
        if (behind > 0 && ahead > 0)
            return await RewrittenAsync(repository, sight, from, to, apart, ct);
        return new CommitDiff
        {
            From = from,
            To = to,
            AheadBy = ahead,
            BehindBy = behind,
            Ahead = ahead > 0 ? await LogAsync(GitCommand.Log(repository, from, to, MaxTold)) : [],
            Behind = behind > 0 ? await LogAsync(GitCommand.Log(repository, to, from, MaxTold)) : [],
            Matched = "ancestry",
        };

        Command Seen(Command command) => Repositories.Within(command, sight);

        async Task<ImmutableArray<Commit>> LogAsync(Command command) => Commit.Parse(await Shell.TextAsync(Seen(command), ct));
    }

    /// <summary>A commit with all before it: what someone gets who has nothing yet. Null when the app's repository lacks it.</summary>
    public async Task<CommitDiff?> HistoryAsync(AppId app, string to, CancellationToken ct)
    {
        var repository = repositories.Open(app);
        var counted = await Shell.RunAsync(GitCommand.CountAll(repository, to), ct);
        if (counted.ExitCode != 0)
            return null;
        return new CommitDiff
        {
            From = null,
            To = to,
            AheadBy = int.Parse(counted.Text.Trim(), CultureInfo.InvariantCulture),
            BehindBy = 0,
            Ahead = Commit.Parse(await Shell.TextAsync(GitCommand.LogAll(repository, to, MaxTold), ct)),
            Behind = [],
            Matched = "ancestry",
        };
    }

    private static async Task<CommitDiff> RewrittenAsync(string repository, Quarantine sight, string from, string to, Apart apart, CancellationToken ct)
    {
        if (!apart.IsMany && await ByPatchAsync() is { } patches)
            return Of("patch", patches.Where(c => !c.IsLeft).Select(c => c.Commit), patches.Where(c => c.IsLeft).Select(c => c.Commit));
        return await ByAuthorshipAsync(repository, sight, from, to, apart, ct);

        async Task<ImmutableArray<SidedCommit>?> ByPatchAsync()
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(PatchPatience);
            try
            {
                return Commit.ParseSides(await Shell.TextAsync(Repositories.Within(GitCommand.LogApart(repository, from, to), sight), limit.Token));
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return null;
            }
        }

        CommitDiff Of(string matched, IEnumerable<Commit> ahead, IEnumerable<Commit> behind)
        {
            var (more, less) = (ahead.ToImmutableArray(), behind.ToImmutableArray());
            return new CommitDiff
            {
                From = from, To = to, AheadBy = more.Length, BehindBy = less.Length, Matched = matched,
                Ahead = [.. more.Take(MaxTold)], Behind = [.. less.Take(MaxTold)],
            };
        }
    }

    private static async Task<CommitDiff> ByAuthorshipAsync(string repository, Quarantine sight, string from, string to, Apart apart, CancellationToken ct)
    {
        var (mine, others) = (apart.Left.AuthorshipAsync(ct), apart.Right.AuthorshipAsync(ct));
        var (left, right) = (await mine, await others);
        var (ahead, behind) = (Unmatched(apart.Right.Shas, right, left), Unmatched(apart.Left.Shas, left, right));
        return new CommitDiff
        {
            From = from, To = to, AheadBy = ahead.Length, BehindBy = behind.Length, Matched = "authorship",
            Ahead = await TellAsync(ahead), Behind = await TellAsync(behind),
        };

        async Task<ImmutableArray<Commit>> TellAsync(string[] shas) => shas.Length == 0 ? [] : Commit.Parse(await Shell.TextAsync(
            Repositories.Within(GitCommand.Tell(repository), sight), ct, System.Text.Encoding.ASCII.GetBytes(string.Join('\n', shas.Take(MaxTold)) + "\n")));
    }

    /// <summary>Those that the other side has not, as often as they are there.</summary>
    private static string[] Unmatched(IReadOnlyList<string> shas, List<UInt128> numbers, List<UInt128> others)
    {
        var left = others.CountBy(number => number).ToDictionary();
        return [.. shas.Where((_, i) => !Takes(numbers[i]))];

        bool Takes(UInt128 number)
        {
            var count = left.GetValueOrDefault(number);
            left[number] = count - 1;
            return count > 0;
        }
    }

    /// <summary>The first one's repository, with sight of the objects of all others.</summary>
    private (string Repository, Quarantine Sight) Seeing(ImmutableArray<AppId> apps)
    {
        var objects = apps.Distinct().Select(app => Path.Combine(repositories.Open(app), "objects")).ToArray();
        return (repositories.Open(apps[0]), new Quarantine(objects[0], string.Join(':', objects.Skip(1).Select(Quoted))));
    }

    /// <summary>git reads a colon as the end of a path, unless the path is quoted.</summary>
    private static string Quoted(string path) => path.AsSpan().IndexOfAny(':', '"', '\\') < 0 ? path
        : $"\"{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
