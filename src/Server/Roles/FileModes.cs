using System.Runtime.InteropServices;

namespace Sluice.Roles;

/// <summary>What a process makes is its user's alone unless it says otherwise.</summary>
internal static class FileModes
{
    public static void OwnerOnly() => umask(0b000_111_111);

    [DllImport("libc")] private static extern uint umask(uint mask);
}
