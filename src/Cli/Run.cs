using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Cli.Git;
using Sluice.Cli.Output;
using Sluice.Cli.Server;
using Sluice.Wire;

namespace Sluice.Cli;

/// <summary>One command being run: what was typed, where, and the server it speaks to (found when first asked for).</summary>
internal sealed class Run(ParseResult typed, Surroundings surroundings) : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, TypeInfoResolver = WireJson.Default, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private ServerLocation? location;
    private SluiceClient? server;

    public Surroundings Surroundings => surroundings;
    public Terminal Terminal => surroundings.Terminal;
    public GitFolder Git { get; } = new(surroundings.WorkingFolder);
    public ServerLocation Location => location ??= ServerLocation.Find(surroundings);
    public SluiceClient Server => server ??= Location.Connect();

    public T? Value<T>(Option<T> option) => typed.GetValue(option);
    public T? Value<T>(Argument<T> argument) => typed.GetValue(argument);

    public string Ago(DateTimeOffset then) => Words.Ago(then, surroundings.Clock.GetUtcNow());

    /// <summary>--app, --remote, SLUICE_APP, else the one app that this folder's git remotes of our server name.</summary>
    /// <exception cref="StopException">None, or several.</exception>
    public async Task<string> AppAsync(string? app, string? remote, CancellationToken ct) =>
        await AnyAppAsync(app, remote, ct) ?? throw StopException.Usage(
            "Which app? Give --app APP, set SLUICE_APP, or run this in a git folder with a remote of this server (sluice git:remote -a APP).");

    public async Task<string?> AnyAppAsync(string? app, string? remote, CancellationToken ct)
    {
        if (app is not null)
        {
            return app;
        }

        if (remote is null && surroundings.Variable("SLUICE_APP") is { } named)
        {
            return named;
        }

        var remotes = (await Git.RemotesAsync(ct)).Select(r => (r.Name, App: r.AppOn(Location.Url))).Where(r => r.App is not null).ToArray();
        if (remote is not null)
        {
            return remotes.FirstOrDefault(r => r.Name == remote).App
                ?? throw StopException.Usage($"The git remote {remote} is not here, or is no app of {Location.Address}.");
        }

        var apps = remotes.Select(r => r.App!).Distinct(StringComparer.Ordinal).ToArray();
        return apps.Length <= 1 ? apps.FirstOrDefault() : throw StopException.Usage(
            $"This folder's git remotes name several apps: {string.Join(", ", remotes.Select(r => $"{r.App} ({r.Name})"))}. Say which with --app or --remote.");
    }

    /// <summary>A Wire record as indented JSON on standard output.</summary>
    public void Json<T>(T value) => Print(JsonSerializer.SerializeToNode(value, WireJson.Default.GetTypeInfo(typeof(T))
        ?? throw new NotSupportedException($"{typeof(T)} is not a record of the wire."))!);

    public void Print(JsonNode value) => Terminal.Line(value.ToJsonString(Indented));

    public void Dispose() => server?.Dispose();
}
