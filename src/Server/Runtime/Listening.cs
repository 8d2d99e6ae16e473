using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Sluice.Runtime;

/// <summary>On which addresses something inside a sandbox's own network waits for connections: what to tell someone whose app cannot be reached.</summary>
internal static class Listening
{
    private const string Waiting = "0A";

    /// <summary>By the kernel's own tables, as a process inside sees them. Empty when that is gone.</summary>
    public static ImmutableArray<IPEndPoint> Of(int pid) => [.. Table(pid, "tcp").Concat(Table(pid, "tcp6")).Distinct()];

    /// <summary>Why nobody reaches <paramref name="port"/> and what to do, to be put behind a sentence; empty when nothing can be said.</summary>
    public static string Advice(ImmutableArray<IPEndPoint> found, int port) =>
        found.Where(there => there.Port == port).ToImmutableArray() is { IsEmpty: false } right
            ? right.All(there => IPAddress.IsLoopback(there.Address)) ? $"; it listens on {right[0].Address} alone, which nobody else reaches: bind to 0.0.0.0"
                : "; it listens on IPv6 alone: bind to 0.0.0.0"
            : found.IsEmpty ? "; it listens on no port" : $"; it listens on port {found[0].Port}: bind to $PORT, which is {port}";

    private static IEnumerable<IPEndPoint> Table(int pid, string name)
    {
        try
        {
            return [.. File.ReadLines($"/proc/{pid}/net/{name}").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields[3] == Waiting).Select(fields => Read(fields[1]))];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary><c>0100007F:1388</c>: each 32 bits of the address as this machine keeps numbers, then the port.</summary>
    private static IPEndPoint Read(string text)
    {
        var (address, port) = (text[..text.IndexOf(':', StringComparison.Ordinal)], text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        var bytes = Enumerable.Range(0, address.Length / 8).SelectMany(i => BitConverter.GetBytes(uint.Parse(address.AsSpan(i * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture))).ToArray();
        return new IPEndPoint(new IPAddress(bytes), int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }
}
