using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Cli.Output;

/// <summary>The two streams of a process as bytes, for what stands at the other end of a connection.</summary>
/// <param name="Size">Columns and lines of the terminal that both are; null when one of them is none.</param>
internal sealed record RawConsole(Stream Input, Stream Output, (int Columns, int Lines)? Size)
{
    private const int TerminalSizeOnLinux = 0x5413, TerminalSizeOnMac = 0x40087468;

    /// <remarks>Input not by <see cref="Console"/>: that reads a terminal line by line, and edits the lines.</remarks>
    public static RawConsole OfThisProcess() => new(
        new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0),
        Console.OpenStandardOutput(),
        Console.IsInputRedirected || Console.IsOutputRedirected ? null : SizeOfTerminal());

    private static unsafe (int Columns, int Lines)? SizeOfTerminal()
    {
        var words = stackalloc ushort[4];
        return ioctl(1, (nuint)(OperatingSystem.IsMacOS() ? TerminalSizeOnMac : TerminalSizeOnLinux), words) == 0 && words[0] > 0 && words[1] > 0 ? (words[1], words[0]) : null;
    }

    /// <summary>Every key goes to the other end as it is typed, Ctrl-C too, until this is disposed.</summary>
    public static IDisposable Raw() => new RawMode();

    [DllImport("libc")] private static extern unsafe int ioctl(int fd, nuint request, ushort* size);

    private sealed unsafe class RawMode : IDisposable
    {
        /// <summary>More than any system's structure has.</summary>
        private const int Settings = 512;
        private const int AfterWritten = 1;
        private readonly byte[] before = new byte[Settings];

        public RawMode()
        {
            var raw = new byte[Settings];
            fixed (byte* b = before, r = raw)
            {
                if (tcgetattr(0, b) != 0 || tcgetattr(0, r) != 0)
                {
                    throw StopException.Failed("This terminal's settings cannot be read. Run it with --no-tty.");
                }

                cfmakeraw(r);
                _ = tcsetattr(0, AfterWritten, r);
            }
        }

        public void Dispose()
        {
            fixed (byte* b = before)
            {
                _ = tcsetattr(0, AfterWritten, b);
            }
        }

        [DllImport("libc")] private static extern int tcgetattr(int fd, byte* settings);
        [DllImport("libc")] private static extern int tcsetattr(int fd, int when, byte* settings);
        [DllImport("libc")] private static extern void cfmakeraw(byte* settings);
    }
}
