using Sluice.Wire;

namespace Sluice.Tests.Cli;

/// <summary>Whole records for what a test does not care about.</summary>
internal static class Answers
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid PipelineId = new("aaaaaaaa-0000-4000-8000-000000000001");
    public static readonly Guid PromotionId = new("bbbbbbbb-0000-4000-8000-000000000001");
    private static readonly UserWire Admin = new(new("99999999-0000-4000-8000-000000000001"), "admin@localhost");
    private static readonly NamedWire Stack = new(new("99999999-0000-4000-8000-000000000002"), "debian-12");

    /// <summary>The same id for the same name.</summary>
    public static Guid IdOf(string name) => new([.. System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)).Take(16)]);

    public static NamedWire Named(string name) => new(IdOf(name), name);

    public static AppWire App(string name) => new()
    {
        Id = IdOf(name), Name = name, Owner = Admin, Region = Named("local"), Stack = Stack, BuildStack = Stack, Generation = GenerationWire.Cedar,
        WebUrl = $"http://{name}.localhost:5000/", GitUrl = $"https://localhost:5000/{name}.git", Maintenance = false,
        ReleasedAt = Noon.AddHours(-1), CreatedAt = Noon.AddDays(-1), UpdatedAt = Noon,
    };

    public static ReleaseWire Release(string app, int version, string description = "Deploy 0f0a53b", string status = "succeeded", bool current = false, bool slug = true) => new()
    {
        Id = IdOf($"{app} v{version}"), App = Named(app), Version = version, Description = description, Status = status, Current = current,
        Slug = slug ? new(IdOf("slug")) : null, User = Admin, OutputStreamUrl = null, EligibleForRollback = slug && status is "succeeded",
        CreatedAt = Noon.AddMinutes(version - 60), UpdatedAt = Noon,
    };

    public static PipelineWire Pipeline(string name = "shop") => new()
    {
        Id = PipelineId, Name = name, Owner = new(Admin.Id, "user"), Stages = ["review", "development", "staging", "production"], CreatedAt = Noon, UpdatedAt = Noon,
    };

    public static CouplingWire Coupling(string app, string stage) => new()
    {
        Id = IdOf($"{app} coupling"), App = Named(app), Pipeline = new(PipelineId, "shop"), Stage = stage, CreatedAt = Noon, UpdatedAt = Noon,
    };

    public static PromotionWire Promotion(string source) => new()
    {
        Id = PromotionId, Pipeline = new(PipelineId), Source = new(new(IdOf(source)), new(IdOf($"{source} v6"))), Status = "pending", CreatedAt = Noon, UpdatedAt = Noon,
    };

    public static PromotionTargetWire Target(string app, string status, int? version = null, string? error = null) => new()
    {
        Id = IdOf($"{app} target"), App = new(IdOf(app)), PipelinePromotion = new(PromotionId), Status = status,
        Release = version is { } v ? new(IdOf($"{app} v{v}")) : null, ErrorMessage = error,
    };

    public static DynoWire Dyno(string app, string name, string state = "up") => new()
    {
        Id = IdOf(name), App = Named(app), Name = name, Type = name.Split('.')[0], Command = "node server.js", Size = "Standard-1X", State = state,
        Release = new(IdOf("r"), 3), CreatedAt = Noon.AddMinutes(-4), UpdatedAt = Noon.AddMinutes(-4),
    };

    /// <summary>A pipeline as the demo's: <c>shop-staging</c> in staging, the others in production.</summary>
    public static ScriptedServer WithPipeline(this ScriptedServer server, params string[] production)
    {
        CouplingWire[] all = [Coupling("shop-staging", "staging"), .. production.Select(p => Coupling(p, "production"))];
        server.On("GET /apps/shop-staging", App("shop-staging"))
            .On("GET /apps/shop-staging/pipeline-couplings", all[0])
            .On("GET /apps/shop-staging/promotes-to", new PromotesToWire(Named("shop-staging"), "production", [.. production.Order(StringComparer.Ordinal).Select(Named)], null))
            .On($"GET /pipelines/{PipelineId}", Pipeline())
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=shop", [Pipeline()])
            .On<IReadOnlyList<CouplingWire>>($"GET /pipelines/{PipelineId}/pipeline-couplings", all)
            .On<IReadOnlyList<AppWire>>("POST /filters/apps", [App("shop-staging"), .. production.Select(App)]);
        foreach (var app in production)
        {
            server.On($"GET /apps/{app}/pipeline-couplings", Coupling(app, "production"))
                .On($"GET /apps/{app}/promotes-to", new PromotesToWire(Named(app), null, [], $"{app} goes nowhere by itself: production is the last stage of pipeline shop. Name the apps (--to APP)."));
        }

        return server;
    }
}
