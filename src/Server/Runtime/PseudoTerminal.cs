namespace Sluice.Runtime;

/// <summary>How many characters a terminal shows.</summary>
public sealed record TerminalSize(int Columns, int Lines)
{
    private const int Most = 10_000;

    /// <summary>Null for what no terminal can have.</summary>
    public static TerminalSize? Of(int columns, int lines) => columns is > 0 and <= Most && lines is > 0 and <= Most ? new(columns, lines) : null;
}

/// <summary>A terminal that no screen stands behind: what is written to our end comes to the program as if it was typed, what the program prints can be read at ours.</summary>
internal static class PseudoTerminal
{
    private const nuint Unlock = 0x40045431, GetPeer = 0x5441, SetSize = 0x5414;
    private const int O_NOCTTY = 0x100;

    /// <summary>Two descriptors: ours, and the one that the program gets for all three of its streams.</summary>
    public static (int Ours, int Theirs) Open(TerminalSize size)
    {
        var ours = Libc.Check(Libc.open("/dev/ptmx", Libc.O_RDWR | O_NOCTTY | Libc.O_CLOEXEC, 0), "Opening a terminal");
        try
        {
            Resize(ours, size);
            return (ours, OpenPeer(ours));
        }
        catch
        {
            Libc.close(ours);
            throw;
        }
    }

    private static unsafe void Resize(int terminal, TerminalSize size)
    {
        var words = stackalloc ushort[4] { (ushort)size.Lines, (ushort)size.Columns, 0, 0 };
        Libc.Check(Libc.ioctl(terminal, SetSize, (nint)words), "Setting a terminal's size");
    }

    private static unsafe int OpenPeer(int terminal)
    {
        var locked = 0;
        Libc.Check(Libc.ioctl(terminal, Unlock, (nint)(&locked)), "Unlocking a terminal");
        // By the descriptor, not by a path: there may be another devpts where the path says.
        return Libc.Check(Libc.ioctl(terminal, GetPeer, Libc.O_RDWR | O_NOCTTY | Libc.O_CLOEXEC), "Opening a terminal's other end");
    }
}
