using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

internal sealed class LabsList : AppCommand
{
    public static readonly About Is = new("labs", "List features that are being tried out, yours and an app's", "sluice labs -a shop", () => new LabsList());

    private readonly Option<bool> json = Flags.Json();

    public LabsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AnyAppAsync(run, ct);
        var account = await run.Server.GetAsync<AccountWire>("/account", ct);
        IReadOnlyList<FeatureWire> mine = [.. (await run.Server.ListAsync<FeatureWire>(KnownFeatures.OfAccount, ct)).Where(f => !f.IsGeneral())];
        IReadOnlyList<FeatureWire>? its = app is null ? null : [.. (await run.Server.ListAsync<FeatureWire>(KnownFeatures.OfApp(app), ct)).Where(f => !f.IsGeneral())];
        if (run.Value(json))
        {
            var type = WireJson.Default.IReadOnlyListFeatureWire;
            run.Print(new JsonObject { ["app"] = its is null ? null : JsonSerializer.SerializeToNode(its, type), ["user"] = JsonSerializer.SerializeToNode(mine, type) });
            return ExitCode.Ok;
        }

        run.Terminal.Heading($"User Features {account.Email}");
        mine.Print(run);
        if (its is not null)
        {
            run.Terminal.Line();
            run.Terminal.Heading($"App Features {app}");
            its.Print(run);
        }

        return ExitCode.Ok;
    }
}
