using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Pipelines;
using Sluice.Storage;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>An app from a tarball and its app.json. Everything that can be refused is refused before anything is made.</summary>
internal static class AppSetupsApi
{
    public static void MapAppSetups(this IEndpointRouteBuilder api)
    {
        api.MapPost("/app-setups", Create).AskedInside(Permission.Operate);
        api.MapGet("/app-setups/{setup}", Info).AskedInside(Permission.View);
    }

    private static async Task<Created<AppSetupWire>> Create(
        RequestBody body, Principal who, BuildSource sources, AppMaking making, PipelineCatalog pipelines, AppSetupTable setups, Vault vault, TimeProvider clock, CancellationToken ct)
    {
        var (url, coupling) = (body.Part("source_blob").NeedText("url"), body.Part("pipeline_coupling"));
        var (pipelineName, stage) = body.Has("pipeline_coupling") ? (coupling.NeedReference("pipeline"), coupling.NeedText("stage")) : (null, null);
        body.Part("app").Text("name", AppName.Faults);
        var faults = new Faults(body);
        var pipeline = pipelineName is null or "" ? null : await faults.TryAsync(() => pipelines.GetAsync(pipelineName, Permission.Operate, who, ct));
        foreach (var sentence in stage is null or "" ? [] : pipeline?.StageFaults(stage) ?? [])
            faults.Add(Refuse.Invalid(sentence));
        // Asked before anything is fetched: no name is looked up for who may not do this at all.
        await making.TeamAsync(body.Part("app"), who, faults, ct);
        faults.Refuse();

        var source = await sources.TakeAsync(url, ct);
        try
        {
            var wanted = await WantedAsync(body, source, ct);
            body.RefuseFaults();
            var now = clock.GetUtcNow();
            var setup = new AppSetup
            {
                Id = Guid.CreateVersion7(), App = default, Status = "pending", Build = BuildId.New(), User = who.Account, CreatedAt = now, UpdatedAt = now,
                Source = new SetupSource(
                    Path.GetFileName(source.File), BuildSource.WithoutSecret(url), source.Archive?.Sha ?? body.Part("source_blob").Text("version"), source.Archive?.App, wanted.SuccessUrl),
            };
            var app = await making.MakeAsync(
                body.Part("app"), who,
                (tx, made) =>
                {
                    wanted.Give(tx, made, vault, now);
                    if (pipeline is not null)
                        PipelineCatalog.Add(tx, new Coupling
                        {
                            Id = CouplingId.New(), Pipeline = pipeline.Id, PipelineName = pipeline.Name, Stages = pipeline.Stages, App = made.Id, AppName = made.Name, Stage = stage!,
                            CreatedAt = now, UpdatedAt = now,
                        });
                    AppSetupTable.Add(tx, setup with { App = made.Id });
                },
                ct);
            setups.Nudge();
            return TypedResults.Created($"/app-setups/{setup.Id}", (setup with { App = app.Id }).ToWire(app, null, null));
        }
        catch
        {
            File.Delete(source.File);
            throw;
        }
    }

    private static async Task<AppSetupWire> Info(
        string setup, Principal who, AppSetupTable setups, Lookup lookup, BuildTable builds, AppTickets tickets, Links links, CancellationToken ct)
    {
        var found = Guid.TryParse(setup, out var id) ? await setups.FindAsync(id, ct) : null;
        if (found is null)
            throw Refuse.NotFound("app setup", setup);
        var app = await lookup.AppAsync(found.App.ToString(), Permission.View, who, ct);
        var build = await builds.FindAsync(found.App, found.Build, ct);
        return found.ToWire(app, build, StreamsApi.AddressOf(found.App, found.Build, tickets, links));
    }

    /// <summary>What app.json and the request ask for together; what is missing is noted as a fault.</summary>
    private static async Task<Wanted> WantedAsync(RequestBody body, TakenSource source, CancellationToken ct)
    {
        byte[]? text;
        await using (var file = File.OpenRead(source.File))
            text = await Task.Run(() => AppManifest.In(file), ct);
        var manifest = text is null ? new AppManifest() : AppManifest.Parse(text, body.Fault);
        var (overrides, env) = (body.Part("overrides"), body.Part("overrides").Part("env").Map(nulls: false));
        var vars = manifest.Env;
        foreach (var (name, value) in env)
            vars = vars.SetItem(name, value);
        foreach (var missing in vars.Where(v => v.Value is null))
            body.Fault($"app.json requires the config var {missing.Key}, and nobody gave it a value: send it in overrides.env.");
        var config = vars.Where(v => v.Value is not null).ToImmutableSortedDictionary(v => v.Key, v => v.Value!, StringComparer.Ordinal);
        var buildpacks = overrides.Has("buildpacks") ? [.. overrides.Items("buildpacks").Select(b => b.NeedText("url"))] : manifest.Buildpacks;
        var faults = ConfigVars.Faults(vars).Concat(ConfigVars.SizeFaults(config)).Concat(manifest.Formation.SelectMany(f => f.Faults())).Concat(BuildpackList.Faults(buildpacks));
        foreach (var sentence in faults)
            body.Fault(sentence);
        if (manifest.Stack is { } stack && !AppCatalog.Stacks.Contains(stack))
            body.Fault($"app.json asks for the stack {stack}; there is {string.Join(", ", AppCatalog.Stacks)}.");
        return new Wanted(config, buildpacks, manifest.Formation, manifest.SuccessUrl);
    }

    private sealed record Wanted(ImmutableSortedDictionary<string, string> Config, ImmutableArray<string> Buildpacks, ImmutableArray<Scale> Formation, string? SuccessUrl)
    {
        public void Give(Tx tx, App app, Vault vault, DateTimeOffset now)
        {
            var sealedVars = ConfigVars.Seal(vault, app.Id, Config);
            tx.Execute($"UPDATE apps SET config = {sealedVars} WHERE id = {app.Id}");
            BuildpackList.Replace(tx, app.Id, Buildpacks);
            FormationTable.Set(tx, app.Id, Formation, now);
        }
    }

    private static AppSetupWire ToWire(this AppSetup setup, App app, Build? build, string? output) => new()
    {
        Id = setup.Id,
        App = app.ToNamed(),
        Build = build is null ? null : new SetupBuildWire(build.Id.Value, build.Status == "errored" ? "failed" : build.Status, output!),
        Status = setup.Status,
        FailureMessage = setup.Failure,
        ResolvedSuccessUrl = setup.Status == "succeeded" ? setup.Source.SuccessUrl : null,
        CreatedAt = setup.CreatedAt,
        UpdatedAt = setup.UpdatedAt,
    };
}
