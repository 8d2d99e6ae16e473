using System.Text;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>What each of two commits has in its history that the other lacks.</summary>
/// <param name="Behind">How many the first has, merges among them.</param>
/// <param name="Ahead">How many the second has.</param>
/// <param name="Left">Those of the first, newest first, without merges: a rebase leaves them out.</param>
/// <param name="Right">Those of the second.</param>
internal sealed record Apart(int Behind, int Ahead, IReadOnlyList<string> Left, IReadOnlyList<string> Right)
{
    private const int ShaLength = 40;

    /// <summary>Reads what <see cref="GitCommand.WalkApart"/> prints; null when a commit is not there.</summary>
    public static async Task<Apart?> WalkAsync(Command walk, CancellationToken ct)
    {
        await using var git = Shell.Start(walk);
        await git.Input.DisposeAsync();
        var complaints = git.Errors.CopyToAsync(Stream.Null, ct);
        using var lines = new StreamReader(git.Output, Encoding.ASCII, false, 64 * 1024);
        var (behind, ahead) = (0, 0);
        var (left, right) = (new List<string>(), new List<string>());
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            var isLeft = line[0] == '<';
            (behind, ahead) = isLeft ? (behind + 1, ahead) : (behind, ahead + 1);
            // Side, sha and at most one parent.
            if (line.Length <= 1 + ShaLength + 1 + ShaLength)
                (isLeft ? left : right).Add(line.Substring(1, ShaLength));
        }
        await complaints;
        return await git.Exit.WaitAsync(ct) == 0 ? new Apart(behind, ahead, left, right) : null;
    }
}
