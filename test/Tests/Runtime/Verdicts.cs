using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Sluice.Tests.Runtime;

/// <summary>What <c>probes.py</c> says of one way out.</summary>
internal sealed record Verdict(string Name, bool IsOpen);

/// <summary>The probes and what they print.</summary>
internal static partial class Verdicts
{
    public const string Script = "test/Tests/Runtime/probes.py";

    /// <summary>The one that is open, and documented: a program may offer itself to be ended first. It harms nobody else.</summary>
    public const string Exception = "raise the likelihood of being ended for want of memory";

    /// <summary>Each whole run in a text, whatever stands around it.</summary>
    public static ImmutableArray<ImmutableArray<Verdict>> In(string text)
    {
        var (runs, run) = (ImmutableArray.CreateBuilder<ImmutableArray<Verdict>>(), ImmutableArray.CreateBuilder<Verdict>());
        foreach (var line in Line().Matches(text).Select(m => m.Groups))
        {
            if (line["tried"].Success)
            {
                Assert.Equal(int.Parse(line["tried"].Value), run.Count);
                runs.Add(run.ToImmutable());
                run.Clear();
            }
            else
            {
                run.Add(new Verdict(line["name"].Value, line["word"].Value == "OPEN"));
            }
        }
        Assert.True(run.Count == 0, $"The probes broke off: {text}");
        return runs.ToImmutable();
    }

    [GeneratedRegex(@"\b(?:(?<word>denied|OPEN) (?<name>.+?)|tried (?<tried>\d+))[ \r\e]*(?:\e\[K)?$", RegexOptions.Multiline)]
    private static partial Regex Line();
}

/// <summary>What the host has that must not be reached from inside: a file that everybody may read, an abstract socket and a port. Each can be reached from the host.</summary>
internal sealed class Reachable : IDisposable
{
    private readonly string file = Path.Combine("/tmp", $"sluice-canary-{Guid.NewGuid():N}");
    private readonly TcpListener listener = new(IPAddress.IPv6Any, 0);
    private readonly Socket abstractSocket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string name = $"sluice-canary-{Guid.NewGuid():N}";

    public Reachable()
    {
        File.WriteAllText(file, "of the host");
        listener.Server.DualMode = true;
        listener.Start();
        abstractSocket.Bind(new UnixDomainSocketEndPoint("\0" + name));
        abstractSocket.Listen();
    }

    /// <summary>What the probes are told, as their variables.</summary>
    /// <param name="words">What must be seen nowhere.</param>
    /// <param name="addresses">What must not be reached, beside the host's own: <c>ADDRESS/PORT</c>.</param>
    public IEnumerable<(string Name, string Value)> Variables(string folder, string[] words, string[] addresses)
    {
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        yield return ("PROBE_FILE", file);
        yield return ("PROBE_FOLDER", folder);
        yield return ("PROBE_WORDS", string.Join(',', words));
        yield return ("PROBE_SOCKET", name);
        yield return ("PROBE_PORT", $"{port}");
        yield return ("PROBE_ADDRESSES", string.Join(',', [.. addresses, .. OwnAddresses().Select(own => $"{own}/{port}")]));
    }

    public void Dispose()
    {
        File.Delete(file);
        listener.Dispose();
        abstractSocket.Dispose();
    }

    private static IEnumerable<IPAddress> OwnAddresses()
    {
        // Which address a packet would leave with: picks a route and sends nothing.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 9));
        }
        catch (SocketException)
        {
            return [];
        }
        return [((IPEndPoint)socket.LocalEndPoint!).Address];
    }
}
