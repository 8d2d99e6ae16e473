using System.Text;
using System.Threading.Channels;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>What each of two commits has in its history that the other lacks.</summary>
/// <param name="Behind">How many the first has, merges among them.</param>
/// <param name="Ahead">How many the second has.</param>
/// <param name="Left">Those of the first.</param>
/// <param name="Right">Those of the second.</param>
internal sealed record Apart(int Behind, int Ahead, Side Left, Side Right)
{
    private const int ShaLength = 40;

    /// <summary>True when there are too many to be matched by what they change.</summary>
    public bool IsMany => IsTooMany(Behind, Ahead);

    /// <summary>Both sides together; comparing one by what it changes costs about 0.2 ms.</summary>
    private const int MostByPatch = 1000;

    /// <summary>Reads what <see cref="GitCommand.WalkApart"/> prints; null when a commit is not there. As soon as there are many, <paramref name="reading"/>
    /// tells who wrote them while the walk still goes on.</summary>
    public static async Task<Apart?> WalkAsync(Command walk, Command reading, CancellationToken ct)
    {
        using var left = new Side(reading);
        using var right = new Side(reading);
        await using var git = Shell.Start(walk);
        await git.Input.DisposeAsync();
        var complaints = git.Errors.CopyToAsync(Stream.Null, ct);
        using var lines = new StreamReader(git.Output, Encoding.ASCII, false, 64 * 1024);
        var (behind, ahead) = (0, 0);
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            var isLeft = line[0] == '<';
            (behind, ahead) = isLeft ? (behind + 1, ahead) : (behind, ahead + 1);
            // Side, sha and at most one parent.
            if (line.Length <= 1 + ShaLength + 1 + ShaLength)
                (isLeft ? left : right).Add(line.Substring(1, ShaLength));
            if (IsTooMany(behind, ahead))
                _ = (left.AuthorshipAsync(ct), right.AuthorshipAsync(ct));
        }
        await complaints;
        return await git.Exit.WaitAsync(ct) == 0 ? new Apart(behind, ahead, left, right) : null;
    }

    private static bool IsTooMany(int behind, int ahead) => behind > 0 && ahead > 0 && behind + ahead > MostByPatch;
}

/// <summary>One side's commits, newest first, without merges: a rebase leaves them out. Disposing says that no more will come.</summary>
internal sealed class Side(Command reading) : IDisposable
{
    private readonly List<string> shas = [];
    private readonly Channel<string> told = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private Task<List<UInt128>>? authorship;

    public IReadOnlyList<string> Shas => shas;

    public void Add(string sha)
    {
        shas.Add(sha);
        told.Writer.TryWrite(sha);
    }

    /// <summary>Who wrote each, in their order. Begins with the first call, also while more are added; is complete after the last.</summary>
    public Task<List<UInt128>> AuthorshipAsync(CancellationToken ct) => authorship ??= Task.Run(() => Authorship.ReadAsync(reading, told.Reader, ct), ct);

    public void Dispose() => told.Writer.TryComplete();
}
