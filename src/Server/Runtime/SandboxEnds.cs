namespace Sluice.Runtime;

/// <summary>
/// Where a sandbox that runs to its end reads and prints: a terminal for all, or pipes. Theirs are descriptors to be given to it and closed; ours live as
/// long as this.
/// </summary>
internal sealed class SandboxEnds : IAsyncDisposable
{
    private readonly int[] theirs;

    private SandboxEnds(int? input, int output, PipeStream? typed, PipeStream printed)
    {
        (TheirInput, TheirOutput, Typed, Printed) = (input, output, typed, printed);
        theirs = input is { } other && other != output ? [other, output] : [output];
    }

    /// <summary>Null when nothing can be sent to it.</summary>
    public int? TheirInput { get; }
    public int TheirOutput { get; }

    /// <summary>What is written here it reads. Null when it takes no input.</summary>
    public PipeStream? Typed { get; }
    public PipeStream Printed { get; }

    /// <param name="owner">The uid whose they become; null to leave that.</param>
    public static SandboxEnds Open(SandboxSpec spec, uint? owner)
    {
        var ends = spec.Terminal is { } size ? OfTerminal(size) : OfPipes(spec.TakesInput);
        if (owner is { } uid)
        {
            foreach (var fd in ends.theirs)
                Libc.Check(Libc.fchown(fd, uid, uid), "Giving a sandbox its output");
        }

        return ends;
    }

    /// <summary>When the sandbox has its copies, or will not start.</summary>
    public void CloseTheirs()
    {
        foreach (var fd in theirs)
            Libc.close(fd);
    }

    public async ValueTask DisposeAsync()
    {
        await Printed.DisposeAsync();
        if (Typed is not null)
            await Typed.DisposeAsync();
    }

    private static SandboxEnds OfTerminal(TerminalSize size)
    {
        var (ours, peer) = PseudoTerminal.Open(size);
        // One waits for what is printed while another waits for room to type: each has a descriptor of its own.
        var typing = Libc.Check(Libc.fcntl(ours, Libc.F_DUPFD_CLOEXEC, 0), "Copying a terminal's descriptor");
        return new SandboxEnds(peer, peer, new PipeStream(typing, writes: true), new PipeStream(ours, writes: false));
    }

    private static SandboxEnds OfPipes(bool takesInput)
    {
        var (printed, output) = Pipe.Open();
        if (!takesInput)
            return new SandboxEnds(null, output, null, new PipeStream(printed, writes: false));
        var (input, typed) = Pipe.Open();
        return new SandboxEnds(input, output, new PipeStream(typed, writes: true), new PipeStream(printed, writes: false));
    }
}
