using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sluice.Runtime;

namespace Sluice.Bench;

/// <summary>Where things are: this repository, its built programs, free ports; and the environment that our own programs start with.</summary>
internal static class Place
{
    public static string Repository { get; } = Find();

    /// <summary>The published server, as <c>./sluice</c> builds it before it starts us.</summary>
    public static string Server => Built("server/sluice");
    public static string CommandLine => Built("cli/sluice-cli");
    public static string Script => Path.Combine(Repository, "sluice");

    public static Command Ours(string file, params string[] args) =>
        new Command(file, [.. args]).With("DOTNET_ROOT", Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."))).With("HOME", Path.GetTempPath());

    /// <summary>Free a moment ago.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("sluice-bench-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)Convert.ToInt32("755", 8));
        return folder;
    }

    private static string Built(string name) => Path.Combine(Repository, "out", name);

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Sluice.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new IOException("The measurements run from within a clone of Sluice.");
        return folder;
    }
}
