using Sluice.Pipelines;

namespace Sluice.Dashboard;

/// <summary>How high the water stands: how much of the newest code a stage runs.</summary>
internal static class Levels
{
    public const int Newest = 4, Dry = 0;

    /// <summary>Null commits: other code, and nobody knows how much.</summary>
    public static int Of(bool isSame, int? behind) => (isSame, behind) switch
    {
        (true, _) or (_, 0) => Newest,
        (_, <= 2) => 3,
        (_, <= 9) or (_, null) => 2,
        _ => 1,
    };

    /// <summary>Review apps are beside the main line: they come and go, and nothing flows from them.</summary>
    public static bool IsOnMainLine(string stage) => stage != Stages.Default[0];
}
