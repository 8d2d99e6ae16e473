namespace Sluice.Runtime;

/// <summary>
/// Starts, watches and stops sandboxes; lives in the agent and is the only place there that starts processes. With root: own uid per app and
/// use, control groups, own network namespace. Without: one uid, shared loopback (the one-team mode).
/// </summary>
public sealed class SandboxHost(DataFolder data, TimeProvider clock)
{
    private readonly DataFolder data = data;
    private readonly TimeProvider clock = clock;

    /// <summary>True when the agent runs as root and isolates; false in one-team mode.</summary>
    public bool Isolates => throw new NotImplementedException();

    /// <summary>The uid (and gid) that this app's sandboxes of that use run under; the agent's own in one-team mode. Stable for an app's life.</summary>
    public uint UidOf(AppId app, SandboxUse use) => throw new NotImplementedException();

    /// <summary>Runs to the end. Output (both streams, as bytes, in order) goes to <paramref name="output"/>; cancelling kills everything inside.
    /// When it returns, no process of the sandbox is left: its files can be hashed.</summary>
    public Task<SandboxExit> RunAsync(SandboxSpec spec, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct) => throw new NotImplementedException();
}
