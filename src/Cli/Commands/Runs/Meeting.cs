using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sluice.Cli.Output;
using Sluice.Cli.Server;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Runs;

/// <summary>A connection to a one-off dyno: TLS to the server's port, the address's secret as the first line, and from then on the dyno's own streams.</summary>
internal sealed class Meeting : IAsyncDisposable
{
    private const byte EndOfInput = 4;
    private readonly SslStream stream;
    private readonly OutputWithExit output = new();

    private Meeting(SslStream stream) => this.stream = stream;

    /// <summary>Returns when the server has met us, before the dyno says a word.</summary>
    public static async Task<Meeting> BeginAsync(ServerLocation server, Uri at, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Meeting? meeting = null;
        try
        {
            await socket.ConnectAsync(at.Host, at.Port, ct);
            var tls = new SslStream(
                new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, certificate, chain, errors) => IsTrusted(server, at, certificate, chain, errors));
            meeting = new Meeting(tls);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = at.Host }, ct);
            await tls.WriteAsync(Encoding.ASCII.GetBytes(at.AbsolutePath.TrimStart('/') + "\r\n"), ct);
            await meeting.SkipGreetingAsync(ct);
            return meeting;
        }
        catch (Exception broken)
        {
            socket.Dispose();
            if (meeting is not null)
            {
                await meeting.DisposeAsync();
            }

            if (broken is not (SocketException or System.Security.Authentication.AuthenticationException))
            {
                throw;
            }

            throw new StopException(ExitCode.Unreachable,
                $"The dyno cannot be reached over TLS at {at.Host}:{at.Port} ({broken.Message}). Something between here and the server may take TLS apart; run:detached works all the same.");
        }
    }

    /// <summary>Passes both ways until the dyno has ended; the command's exit code.</summary>
    public async Task<int> ToTheEndAsync(RawConsole console, CancellationToken ct)
    {
        _ = TypeAsync(console.Input, ct);   // reading from a terminal cannot be stopped: it ends with this process
        var buffer = new byte[32 * 1024];
        while (await stream.ReadAsync(buffer, ct) is var count and > 0)
        {
            await console.Output.WriteAsync(output.Of(buffer.AsMemory(0, count)), ct);
            await console.Output.FlushAsync(ct);
        }

        await console.Output.WriteAsync(output.Rest(), ct);
        await console.Output.FlushAsync(ct);
        return output.ExitCode ?? throw StopException.Failed("The dyno's connection ended before its command told an exit code.");
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task TypeAsync(Stream input, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[32 * 1024];
            while (await input.ReadAsync(buffer, ct) is var count and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), ct);
            }

            await stream.WriteAsync(new[] { EndOfInput }, ct);
        }
        catch (Exception over) when (over is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The dyno ended first.
        }
    }

    private async Task SkipGreetingAsync(CancellationToken ct)
    {
        var one = new byte[1];
        while (await stream.ReadAsync(one, ct) == 1)
        {
            if (one[0] == '\n')
            {
                return;
            }
        }

        throw StopException.Failed("The server did not open the dyno's connection. Run it again.");
    }

    /// <summary>By this machine's authorities, or the server's own when its folder is here. Over loopback as plain HTTP there is nothing that a certificate would add.</summary>
    private static bool IsTrusted(ServerLocation server, Uri at, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || (at.IsLoopback && server.Url is { IsLoopback: true, Scheme: "http" }))
        {
            return true;
        }

        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null || chain is null
            || server.DataFolder is not { } folder || Path.Combine(folder, "ca.pem") is var file && !File.Exists(file))
        {
            return false;
        }

        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(new X509Certificate2(certificate));
    }
}

/// <summary>A dyno's output without its last line, which tells the exit code.</summary>
internal sealed class OutputWithExit
{
    private const int LongestLine = 100;
    private static readonly byte[] Start = Encoding.UTF8.GetBytes(ExitStatusLine.Start);
    private byte[] held = [];

    /// <summary>Known when all of the output has come.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>What may be shown now: all but an end that may be the line.</summary>
    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> bytes)
    {
        byte[] all = [.. held, .. bytes.Span];
        var from = Math.Max(0, all.Length - LongestLine);
        var at = all.AsSpan(from).LastIndexOf(Start.AsSpan(0, 3));
        at = at < 0 ? all.Length - Partial(all) : from + at;
        held = all[at..];
        return all.AsMemory(0, at);
    }

    /// <summary>What was held back and is no exit code.</summary>
    public ReadOnlyMemory<byte> Rest()
    {
        if (held.AsSpan().StartsWith(Start) && int.TryParse(Encoding.UTF8.GetString(held.AsSpan(Start.Length)).Trim(), out var code))
        {
            ExitCode = code;
            return default;
        }

        return held;
    }

    private static int Partial(byte[] all) => all.AsSpan().EndsWith(Start.AsSpan(0, 2)) ? 2 : all.AsSpan().EndsWith(Start.AsSpan(0, 1)) ? 1 : 0;
}
