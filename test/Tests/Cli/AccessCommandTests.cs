using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class AccessCommandTests
{
    private static readonly TeamWire Acme = new() { Id = Answers.IdOf("acme"), Name = "acme", Role = "admin", CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon };

    [Fact]
    public async Task Access_shows_who_may_do_what()
    {
        await using var server = (await ScriptedServer.StartAsync()).On<IReadOnlyList<CollaboratorWire>>(
            "GET /apps/shop/collaborators", [Collaborator("jim@example.com", "collaborator", "view", "deploy"), Collaborator("ada@example.com", "owner", "view")]);
        server.On("GET /apps/shop", Answers.App("shop") with { Team = Answers.Named("acme") })
            .On<IReadOnlyList<TeamMemberWire>>($"GET /teams/{Answers.IdOf("acme")}/members", [Member("kim@example.com", "member"), Member("eve@example.com", "collaborator"), Member("jim@example.com", "viewer")])
            .On("GET /apps/locked", Answers.App("locked") with { Team = Answers.Named("acme"), Locked = true })
            .On<IReadOnlyList<CollaboratorWire>>("GET /apps/locked/collaborators", []);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("access -a shop"));
        Assert.Equal(
            """
            email            role          permissions
            ada@example.com  owner         view
            jim@example.com  collaborator  view, deploy
            kim@example.com  member        view, deploy, operate

            """, typed.Out);
        Assert.Equal(0, await typed.Run("access -a locked"));
        Assert.DoesNotContain("kim@example.com", typed.Out, StringComparison.Ordinal);
    }

    private static TeamMemberWire Member(string email, string role) => new()
    {
        Id = Answers.IdOf(email), Email = email, Role = role, User = new PersonWire(Answers.IdOf(email), email, null), CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
    };

    [Fact]
    public async Task The_key_of_a_new_account_is_the_only_thing_on_standard_output()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("POST /accounts", new KnownAccountWire
        {
            Id = Answers.IdOf("jim"), Email = "jim@example.com", Name = null, Administrator = false, ApiKey = "sluice_abc", CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
        }, 201);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("accounts:create jim@example.com"));
        Assert.Equal("sluice_abc\n", typed.Out);
    }

    [Fact]
    public async Task A_pipeline_is_handed_over_only_when_its_name_is_typed()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On("GET /teams/acme", Acme)
            .On("POST /pipeline-transfers", new PipelineTransferWire(new(Answers.PipelineId), new(Answers.IdOf("me"), "user"), new(Acme.Id, "team")), 201);
        using var typed = new Typed(server);

        Assert.Equal(64, await typed.Run("pipelines:transfer acme -p shop"));
        Assert.Equal(64, await typed.Run("pipelines:transfer acme -p shop -c other"));
        Assert.Equal(0, await typed.Run("pipelines:transfer acme -p shop -c shop"));
        Assert.Contains("Transferring shop pipeline to the acme team... done", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_need_a_team_and_say_where_to_find_it()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var typed = new Typed(server);
        Assert.Equal(64, await typed.Run("members"));
        Assert.Contains("Which team? Give --team TEAM, or set SLUICE_TEAM.", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_warns_of_apps_that_belong_to_others()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<AppWire>>("POST /filters/apps", [Answers.App("shop-staging"), Answers.App("shop") with { Owner = new(Answers.IdOf("jim"), "jim@example.com") }])
            .WithPipeline("shop");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:info shop"));
        Assert.Contains("Some apps in this pipeline do not belong to its owner: shop (jim@example.com).", typed.Error, StringComparison.Ordinal);
    }

    private static CollaboratorWire Collaborator(string email, string role, params string[] permissions) => new()
    {
        Id = Answers.IdOf(email), App = Answers.Named("shop"), User = new(Answers.IdOf(email), email, false), Role = role,
        Permissions = [.. permissions.Select(p => new PermissionWire(p, ""))], CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
    };
}
