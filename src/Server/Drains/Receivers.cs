using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Sluice.Logs;

namespace Sluice.Drains;

/// <summary>One drain's receiver: takes lines, or throws. Both kinds are real ones.</summary>
internal interface IReceiver : IDisposable
{
    /// <summary>Returns when it has them, as far as its protocol can tell.</summary>
    Task TakeAsync(ImmutableArray<LogLine> lines, CancellationToken ct);

    static IReceiver Of(Drain drain, DrainNetwork network) => drain.Address.IsSyslog ? new SyslogReceiver(drain, network) : new HttpReceiver(drain, network);
}

/// <summary>Syslog over TCP or TLS: one connection, kept. The protocol has no answer: what was on the wire when a connection broke is lost.</summary>
internal sealed class SyslogReceiver(Drain drain, DrainNetwork network) : IReceiver
{
    private NetworkStream? connection;
    private Stream? stream;

    public async Task TakeAsync(ImmutableArray<LogLine> lines, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(DrainNetwork.SendWithin);
        try
        {
            if (connection is null || HasHungUp(connection.Socket))
                await OpenAsync(limit.Token);
            await stream!.WriteAsync(DrainFrames.Syslog(lines, drain.Token), limit.Token);
            await stream.FlushAsync(limit.Token);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        stream?.Dispose();
        connection?.Dispose();
        (stream, connection) = (null, null);
    }

    private async Task OpenAsync(CancellationToken ct)
    {
        Dispose();
        stream = connection = await network.ConnectAsync(new DnsEndPoint(drain.Address.Host, drain.Address.Port), ct);
        if (drain.Address.IsTls)
            stream = await network.SecureAsync(connection, drain.Address.Host, ct);
    }

    /// <summary>Writing to it would still work, once, and be lost.</summary>
    private static bool HasHungUp(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;
}

/// <summary>HTTP as Heroku's Logplex sends it: a POST of many lines, which count as taken when the answer is 2xx.</summary>
internal sealed class HttpReceiver(Drain drain, DrainNetwork network) : IReceiver
{
    public async Task TakeAsync(ImmutableArray<LogLine> lines, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, WithoutUser(drain.Address.Uri)) { Content = new ByteArrayContent(DrainFrames.Logplex(lines)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/logplex-1");
        request.Headers.Add("Logplex-Msg-Count", lines.Length.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("Logplex-Frame-Id", Guid.NewGuid().ToString("N"));
        request.Headers.Add("Logplex-Drain-Token", drain.Token);
        request.Headers.Add("User-Agent", "Logplex/v72 (Sluice)");
        if (drain.Address.Uri.UserInfo is { Length: > 0 } user)
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(user))));
        using var answer = await network.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (!answer.IsSuccessStatusCode)
            throw new DrainTroubleException($"{drain.Address.Place} answered {(int)answer.StatusCode}.", IsFinal(answer.StatusCode));
    }

    public void Dispose()
    {
        // Its connections are the network's.
    }

    /// <summary>Those that mean "later" may be tried again; so may what a login or an address may still put right.</summary>
    private static bool IsFinal(HttpStatusCode status) => status is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType or HttpStatusCode.UnprocessableEntity;

    private static Uri WithoutUser(Uri uri) => uri.UserInfo.Length == 0 ? uri : new UriBuilder(uri) { UserName = "", Password = "" }.Uri;
}
