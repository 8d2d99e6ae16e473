using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sluice.Tests.Router;

internal static class Descriptors
{
    public static int Duplicate(Socket socket) => dup((int)socket.Handle);

    [DllImport("libc")] private static extern int dup(int fd);
}
