using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sluice.Tests.Api;

namespace Sluice.Tests.Dashboard;

/// <summary>
/// A network namespace for the browser, with loopback and one port that leads to the same port outside. Chromium gives up what it is loading when an
/// interface appears, and each dyno that starts beside it is one.
/// </summary>
internal sealed class QuietNetwork : IAsyncDisposable
{
    private readonly Process holder;
    private readonly TcpListener inside;
    private readonly FileInfo browser;
    private readonly CancellationTokenSource ending = new();
    private readonly Task forwarding;

    private QuietNetwork(Process holder, TcpListener inside, FileInfo browser, int port)
    {
        (this.holder, this.inside, this.browser) = (holder, inside, browser);
        forwarding = ForwardAsync(port);
    }

    /// <summary>A program that starts the browser in this network.</summary>
    public string Browser => browser.FullName;

    /// <summary>Needs root.</summary>
    public static async Task<QuietNetwork> OpenAsync(string browser, int port, CancellationToken ct)
    {
        var holder = Process.Start(new ProcessStartInfo("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        Assert.Equal("up", await holder.StandardOutput.ReadLineAsync(ct));
        var network = $"/proc/{holder.Id}/ns/net";
        var script = new FileInfo(Path.GetTempFileName());
        await File.WriteAllTextAsync(script.FullName, $"#!/bin/sh\nexec nsenter --net={network} -- {browser} \"$@\"\n", ct);
        script.UnixFileMode |= UnixFileMode.UserExecute;
        return new QuietNetwork(holder, Listen(network, port), script, port);
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await forwarding;
        inside.Dispose();
        holder.Kill();
        await holder.WaitForExitAsync();
        holder.Dispose();
        browser.Delete();
        ending.Dispose();
    }

    private static TcpListener Listen(string network, int port) => OtherNetwork.Visit(network, () =>
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    });

    private async Task ForwardAsync(int port)
    {
        try
        {
            while (true)
                _ = ForwardAsync(await inside.AcceptTcpClientAsync(ending.Token), port);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <summary>Where one side ends, so does the other, as with nobody between.</summary>
    private async Task ForwardAsync(TcpClient near, int port)
    {
        using var far = new TcpClient { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, port, ending.Token);
                await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream(), ending.Token), far.GetStream().CopyToAsync(near.GetStream(), ending.Token));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Nobody listens any more.
            }
        }
    }
}
