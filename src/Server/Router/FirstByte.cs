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
    private static readonly TimeSpan ForHandshake = TimeSpan.FromSeconds(10);

    public static void UseTlsOrPlain(this ListenOptions listen, Certificates certificates, OpenConnections open, Foyer foyer, Rendezvous? rendezvous = null)
    {
        // Middlewares are built inside out: the last one here is built first and catches Kestrel's HTTP before TLS is wrapped around it.
        ConnectionDelegate? plain = null;
        listen.Use(tls => async connection =>
        {
            using var entered = open.Enter(connection.RemoteEndPoint);
            if (!entered.IsWelcome)
                return;
            var came = await foyer.WaitAsync(connection.Transport.Input, static said => !said.IsEmpty);
            switch (came.IsEnough ? came.First : null)
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
            HandshakeTimeout = ForHandshake,
        });
        rendezvous?.Use(listen);
        listen.Use(next => plain = next);
        foyer.Use(listen);
        Refusals.Use(listen);
    }
}
