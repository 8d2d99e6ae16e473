using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

/// <summary>A server on a loopback port that answers what a test tells it to, and remembers what it was asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Answer>> answers = new(StringComparer.Ordinal);

    private ScriptedServer(WebApplication app) => this.app = app;

    public Uri Url { get; private set; } = null!;

    /// <summary><c>GET /apps</c>, in order, with the body after it where there was one.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Requests that carried no <c>Bearer</c> key of ours.</summary>
    public ConcurrentQueue<string> WithoutKey { get; } = new();

    public static async Task<ScriptedServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ScriptedServer(builder.Build());
        server.app.Run(server.AnswerAsync);
        await server.app.StartAsync();
        server.Url = new Uri(server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    /// <summary>Answers of one request come in the order in which they were told; the last one stays.</summary>
    public ScriptedServer On<T>(string request, T body, int status = 200) =>
        Raw(request, JsonSerializer.Serialize(body, WireJson.Default.GetTypeInfo(typeof(T))!), status);

    public ScriptedServer Raw(string request, string body, int status = 200, string type = "application/json", string? nextRange = null)
    {
        answers.GetOrAdd(request, _ => new()).Enqueue(new(status, type, body, nextRange));
        return this;
    }

    public ScriptedServer Refuse(string request, int status, string id, string message, string? resource = null) =>
        On(request, new ErrorWire(id, message, resource), status);

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var request = $"{http.Request.Method} {http.Request.Path}{Uri.UnescapeDataString(http.Request.QueryString.Value ?? "")}";
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        Asked.Enqueue(body.Length > 0 ? $"{request} {body}" : request);
        if (http.Request.Headers.Authorization != "Bearer a-key")
        {
            WithoutKey.Enqueue(request);
        }

        var answer = !answers.TryGetValue(request, out var queue) ? new Answer(404, "application/json", """{"id":"not_found","message":"Not scripted."}""", null)
            : queue.Count > 1 && queue.TryDequeue(out var next) ? next
            : queue.First();
        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = answer.Type;
        if (answer.NextRange is not null)
        {
            http.Response.Headers["Next-Range"] = answer.NextRange;
        }

        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.Body));
    }

    private sealed record Answer(int Status, string Type, string Body, string? NextRange);
}
