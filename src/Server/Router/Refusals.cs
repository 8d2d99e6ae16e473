using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace Sluice.Router;

/// <summary>
/// Gives words to what Kestrel refuses before any of our code sees it (400, 408, 414, 431): by itself it answers with a status and an empty body. Kestrel reports the
/// refusal first and writes its answer then, and on a connection where that happened ours goes out in its place.
/// </summary>
internal sealed class Refusals : DiagnosticSource
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    /// <summary>Comes last, right before HTTP.</summary>
    public static void Use(ListenOptions listen) => listen.Use(http => async connection =>
    {
        var transport = connection.Transport;
        var words = new OwnWords(transport.Output);
        connection.Transport = new Pipes(transport.Input, words);
        connection.Features.Set(words);
        try
        {
            await http(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    });

    public override bool IsEnabled(string name) => name == BadRequest;

    public override void Write(string name, object? value)
    {
        if (name == BadRequest && value is IFeatureCollection request && request.Get<IHttpResponseFeature>()?.HasStarted == false
            && request.Get<IHttpRequestFeature>()?.Protocol is not ("HTTP/2" or "HTTP/3")
            && request.Get<IBadRequestExceptionFeature>()?.Error is Microsoft.AspNetCore.Http.BadHttpRequestException refused)
            request.Get<OwnWords>()?.SayInstead(Answer(refused.StatusCode, refused.Message));
    }

    internal static byte[] Answer(int status, string why)
    {
        var (id, sentence) = status switch
        {
            StatusCodes.Status408RequestTimeout => ("request_timeout", "The head of this request took longer than 10 seconds. Send it again, faster."),
            StatusCodes.Status414UriTooLong => ("uri_too_long", "The address of this request is longer than 8 KB. Put what is long into its body."),
            StatusCodes.Status431RequestHeaderFieldsTooLarge => ("headers_too_large", "This request has more than 100 headers, or more than 32 KB of them. Most often cookies are too many: remove some."),
            _ => ("bad_request", $"This is no request that can be read in one way only, so it went nowhere. {why}"),
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(new { id, message = sentence });
        var head = $"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n"
            + $"Connection: close\r\nCache-Control: no-store\r\nX-Sluice-Error: {status}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Passes on what is written, until it has something to say itself.</summary>
    private sealed class OwnWords(PipeWriter inner) : PipeWriter
    {
        private byte[]? scratch;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;
        public override long UnflushedBytes => inner.UnflushedBytes;

        public void SayInstead(byte[] answer)
        {
            scratch = new byte[4096];
            answer.CopyTo(inner.GetSpan(answer.Length));
            inner.Advance(answer.Length);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => scratch is null ? inner.GetMemory(sizeHint) : Scratch(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => scratch is null ? inner.GetSpan(sizeHint) : Scratch(sizeHint);

        public override void Advance(int bytes)
        {
            if (scratch is null)
                inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            scratch is null ? inner.WriteAsync(source, cancellationToken) : inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private byte[] Scratch(int size) => scratch!.Length >= size ? scratch : scratch = new byte[size];
    }
}
