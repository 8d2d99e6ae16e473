using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sluice.Tests.EndToEnd;

/// <summary>An OpenTelemetry collector that understands OTLP over HTTP as far as these tests ask.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication app;

    private Collector(WebApplication app) => this.app = app;

    public string Url { get; private set; } = "";
    public ConcurrentQueue<Span> Spans { get; } = new();

    /// <summary>Names of measures, by the role that sent them: <c>sluice-router http.server.request.duration</c>.</summary>
    public ConcurrentDictionary<string, bool> Measures { get; } = new();

    /// <summary>All that came, as it came.</summary>
    public ConcurrentQueue<byte[]> Bodies { get; } = new();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = new Collector(builder.Build());
        collector.app.MapPost("/v1/traces", http => collector.TakeAsync(http, collector.TakeTraces));
        collector.app.MapPost("/v1/metrics", http => collector.TakeAsync(http, collector.TakeMeasures));
        await collector.app.StartAsync();
        collector.Url = collector.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return collector;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task TakeAsync(HttpContext http, Action<byte[]> take)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        Bodies.Enqueue(body.ToArray());
        take(body.ToArray());
        http.Response.ContentType = "application/x-protobuf";
    }

    // ExportTraceServiceRequest.resource_spans = 1 { resource = 1 { attributes = 1 }, scope_spans = 2 { spans = 2 } }
    private void TakeTraces(byte[] body)
    {
        foreach (var resource in Proto.Parts(body, 1))
        {
            foreach (var span in Proto.Parts(resource, 2).SelectMany(scope => Proto.Parts(scope, 2)))
                Spans.Enqueue(Span.Read(RoleOf(resource), span));
        }
    }

    // ExportMetricsServiceRequest.resource_metrics = 1 { resource = 1, scope_metrics = 2 { metrics = 2 { name = 1 } } }
    private void TakeMeasures(byte[] body)
    {
        foreach (var resource in Proto.Parts(body, 1))
        {
            foreach (var measure in Proto.Parts(resource, 2).SelectMany(scope => Proto.Parts(scope, 2)))
                Measures[$"{RoleOf(resource)} {Proto.Text(measure, 1)}"] = true;
        }
    }

    private static string RoleOf(byte[] resource) => Proto.Attributes(Proto.Parts(resource, 1).Single(), 1)["service.name"];

    /// <summary>A span as it arrived; ids as lower-case hex, the parent's empty for a root.</summary>
    internal sealed record Span(string Role, string Trace, string Id, string Parent, string Name, IReadOnlyDictionary<string, string> Tags)
    {
        // Span: trace_id = 1, span_id = 2, parent_span_id = 4, name = 5, attributes = 9
        public static Span Read(string role, byte[] span) => new(
            role, Hex(span, 1), Hex(span, 2), Hex(span, 4), Proto.Text(span, 5), Proto.Attributes(span, 9));

        private static string Hex(byte[] span, int field) => Convert.ToHexStringLower(Proto.Parts(span, field).SingleOrDefault() ?? []);
    }

    /// <summary>As much of protobuf's wire format as there is in these messages.</summary>
    private static class Proto
    {
        public static IEnumerable<byte[]> Parts(byte[] message, int field) => Fields(message).Where(f => f.Field == field && f.Bytes is not null).Select(f => f.Bytes!);

        public static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Parts(message, field).SingleOrDefault() ?? []);

        // KeyValue: key = 1, value = 2 { string_value = 1, int_value = 3 }
        public static IReadOnlyDictionary<string, string> Attributes(byte[] message, int field) => Parts(message, field).ToDictionary(a => Text(a, 1), a =>
        {
            var value = Fields(Parts(a, 2).Single()).Single();
            return value.Bytes is { } text ? Encoding.UTF8.GetString(text) : $"{value.Number}";
        });

        private static IEnumerable<(int Field, ulong Number, byte[]? Bytes)> Fields(byte[] message)
        {
            for (var at = 0; at < message.Length;)
            {
                var key = Number(message, ref at);
                var field = (int)(key >> 3);
                switch (key & 7)
                {
                    case 0:
                        yield return (field, Number(message, ref at), null);
                        break;
                    case 1:
                        yield return (field, BitConverter.ToUInt64(message, at), null);
                        at += 8;
                        break;
                    case 2:
                        var length = (int)Number(message, ref at);
                        yield return (field, 0, message[at..(at + length)]);
                        at += length;
                        break;
                    default:
                        yield return (field, BitConverter.ToUInt32(message, at), null);
                        at += 4;
                        break;
                }
            }
        }

        private static ulong Number(byte[] message, ref int at)
        {
            var number = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                number |= (ulong)(message[at] & 0x7f) << shift;
                if ((message[at++] & 0x80) == 0)
                    return number;
            }
        }
    }
}
