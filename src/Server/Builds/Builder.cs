using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Builds;

/// <summary>Source + buildpacks → slug, in a sandbox of the agent's. One build per app at a time: a second one waits and says so in its output.</summary>
public sealed class Builder(Db db, AgentClient agent, DataFolder data, TimeProvider clock)
{
    private readonly Db db = db;
    private readonly AgentClient agent = agent;
    private readonly DataFolder data = data;
    private readonly TimeProvider clock = clock;

    /// <summary>Builds; each line of output (without its newline) goes to <paramref name="line"/> as it comes, and to the build's log file.
    /// Cancelling kills the build and marks it failed.</summary>
    public Task<BuildOutcome> BuildAsync(BuildRequest request, Func<string, ValueTask> line, CancellationToken ct) => throw new NotImplementedException();
}
