using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Sluice.Router;

/// <summary>TLS and plain HTTP on one port, told apart by the first byte.</summary>
internal static class FirstByte
{
    private const byte TlsHandshake = 0x16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void UseTlsOrPlain(this ListenOptions listen, Certificates certificates, OpenConnections open, Rendezvous? rendezvous = null)
    {
        // Middlewares are built inside out: the last one here is built first and catches Kestrel's HTTP before TLS is wrapped around it.
        ConnectionDelegate? plain = null;
        listen.Use(tls => async connection =>
        {
            using var entered = open.Enter(connection.RemoteEndPoint);
            if (!entered.IsWelcome)
                return;
            switch (await PeekAsync(connection))
            {
                case null: return;
                case TlsHandshake: await tls(connection); return;
                default: await plain!(connection); return;
            }
        });
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = context => new ValueTask<SslServerAuthenticationOptions>(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificates.For(context.ClientHelloInfo.ServerName, Companion.IsOn(context.Connection.Features)),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            }),
            HandshakeTimeout = Patience,
        });
        rendezvous?.Use(listen);
        listen.Use(next => plain = next);
        Refusals.Use(listen);
    }

    /// <summary>Null when the client said nothing in time, or left.</summary>
    private static async ValueTask<byte?> PeekAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        ReadResult read;
        try
        {
            if (!input.TryRead(out read))
            {
                // Kestrel's own time limits begin only after this.
                using var limit = new CancellationTokenSource(Patience);
                read = await input.ReadAsync(limit.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            return null;
        }
        byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
        input.AdvanceTo(read.Buffer.Start);
        return first;
    }
}
