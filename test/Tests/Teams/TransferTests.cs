using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Teams;

public sealed class TransferTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_app_goes_to_another_person_when_they_accept_it(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var blog = world.All["blog"].Id;
        var offer = await world.Transfers.OfferAsync(blog, "eve@example.com", world["ada"], None);
        Assert.Equal("pending", offer.State);
        Assert.Equal(("view,deploy,operate,manage,own", ""), (await world.MayAsync("ada", "blog"), await world.MayAsync("eve", "blog")));
        Assert.Null(await world.Transfers.FindAsync(offer.Id, world["admin"], None));
        Assert.Equal("Only eve@example.com may answer the offer of app blog.", await RefusedAsync(() => world.Transfers.AnswerAsync(offer.Id, true, world["ada"], None)));
        Assert.Equal("Only ada@example.com may take back the offer of app blog. To refuse it, decline it.", await RefusedAsync(() => world.Transfers.WithdrawAsync(offer.Id, world["eve"], None)));

        await world.Transfers.AnswerAsync(offer.Id, true, world["eve"], None);
        Assert.Equal(("view,deploy,operate", "view,deploy,operate,manage,own"), (await world.MayAsync("ada", "blog"), await world.MayAsync("eve", "blog")));
        Assert.Equal("The offer of app blog was accepted already.", await RefusedAsync(() => world.Transfers.AnswerAsync(offer.Id, false, world["eve"], None)));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_offer_that_is_declined_or_overtaken_changes_nothing(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var blog = world.All["blog"].Id;
        var declined = await world.Transfers.OfferAsync(blog, "eve@example.com", world["ada"], None);
        await world.Transfers.AnswerAsync(declined.Id, false, world["eve"], None);
        var overtaken = await world.Transfers.OfferAsync(blog, "eve@example.com", world["ada"], None);
        await world.Transfers.OfferAsync(blog, "member@example.com", world["ada"], None);
        await RefusedAsync(() => world.Transfers.AnswerAsync(overtaken.Id, true, world["eve"], None));
        Assert.Equal("view,deploy,operate,manage,own", await world.MayAsync("ada", "blog"));
        await RefusedAsync(() => world.Transfers.OfferAsync(blog, "ada@example.com", world["ada"], None));
        await RefusedAsync(() => world.Transfers.OfferAsync(blog, "nobody@example.com", world["ada"], None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_app_goes_to_a_team_that_one_is_in_and_from_a_team_to_somebody_in_it_at_once(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var own = await world.AppAsync("own", null, isLocked: false, world["member"]);
        await world.Collaborators.AddAsync(own.Id, "eve@example.com", PermissionSet.Parse("deploy"), world["member"], None);
        Assert.Equal("acme@herokumanager.com", (await world.Transfers.HandOverAsync(own.Id, "acme", locked: false, world["member"], None)).OwnerEmail);
        Assert.Equal(("view,deploy,operate", "view,deploy", "view"), (await world.MayAsync("member", "own"), await world.MayAsync("eve", "own"), await world.MayAsync("viewer", "own")));

        Assert.Equal("Only an admin of team acme may hand over app own.", await RefusedAsync(() => world.Transfers.HandOverAsync(own.Id, "member@example.com", locked: false, world["member"], None)));
        Assert.Equal("App own belongs to team acme, and ada@example.com is not in it: add them to the team first.", await RefusedAsync(() => world.Transfers.HandOverAsync(own.Id, "ada@example.com", locked: false, world["admin"], None)));
        await world.Transfers.HandOverAsync(own.Id, "member@example.com", locked: false, world["admin"], None);
        Assert.Equal(("view,deploy,operate,manage,own", "", ""), (await world.MayAsync("member", "own"), await world.MayAsync("eve", "own"), await world.MayAsync("admin", "own")));

        Assert.Contains("you are in no team of that name", await RefusedAsync(() => world.Transfers.HandOverAsync(world.All["blog"].Id, "acme", locked: false, world["ada"], None)));
        Assert.Contains("only when they accept it", await RefusedAsync(() => world.Transfers.HandOverAsync(world.All["blog"].Id, "eve@example.com", locked: false, world["ada"], None)));
        Assert.Contains("only its members and admins may bring apps", await RefusedAsync(async () => await world.Transfers.HandOverAsync(
            (await world.AppAsync("looked", null, isLocked: false, world["viewer"])).Id, "acme", locked: false, world["viewer"], None)));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_pipeline_goes_by_the_rules_with_its_apps_and_a_refusal_says_the_rule(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var (blog, shop) = (world.AdasPipeline.Id, world.AcmePipeline.Id);
        Assert.Contains("never straight to another person", await RefusedAsync(() => To("eve", blog, "ada")));
        Assert.Contains("a team that you are an admin or a member of", await RefusedAsync(() => world.PipelineTransfers.TransferAsync(blog, world.Acme.Id.ToString(), true, world["ada"], None)));
        Assert.Contains("ada@example.com is not in it", await RefusedAsync(() => To("ada", shop, "admin")));
        Assert.Equal("Only an admin of team acme may hand over pipeline shop.", await RefusedAsync(() => To("member", shop, "member")));

        // Straight to a person, never, even to one who owns an app in it.
        await world.PlaceAsync(world.AdasPipeline, await world.AppAsync("eves", null, isLocked: false, world["eve"]), "staging");
        Assert.Contains("never straight to another person", await RefusedAsync(() => To("eve", blog, "ada")));

        var (before, after) = await To("member", shop, "admin");
        Assert.Equal((world.Acme.Id, world["member"].Account), (before.Owner, after.Owner));
        Assert.Equal(("view,deploy,operate,manage,own", ""), (await world.MayAsync("member", "shop"), await world.MayAsync("admin", "shop")));
        await world.PipelineTransfers.TransferAsync(shop, world.Acme.Id.ToString(), true, world["member"], None);
        Assert.Equal(("view,deploy,operate", "view,deploy,operate,manage,own"), (await world.MayAsync("member", "shop"), await world.MayAsync("admin", "shop")));

        // Whose app is in it sees it in their list, whoever owns it.
        Assert.Equal(["blog"], await ListAsync("eve"));
        // A team that owns an app in it may own it, and what belongs to others stays theirs.
        await world.PlaceAsync(world.AdasPipeline, await world.AppAsync("acmes", world.Acme, isLocked: false, world["admin"]), "staging");
        await world.PipelineTransfers.TransferAsync(blog, world.Acme.Id.ToString(), true, world["ada"], None);
        Assert.Equal("acme@herokumanager.com", (await world.Apps.FindAsync("blog", None))!.OwnerEmail);
        Assert.Equal("eve@example.com", (await world.Apps.FindAsync("eves", None))!.OwnerEmail);
        Assert.Equal(["blog"], await ListAsync("eve"));
        Assert.Empty(await ListAsync("ada"));
        var offer = await world.Transfers.OfferAsync(world.All["eves"].Id, "ada@example.com", world["eve"], None);
        await world.Transfers.AnswerAsync(offer.Id, true, world["ada"], None);
        Assert.Equal(["blog"], await ListAsync("ada"));

        async Task<string[]> ListAsync(string who) => [.. (await new PipelineList(world.Db).PageAsync(Slice.First(10), world[who], None)).Select(p => p.Name)];

        Task<(Pipeline Before, Pipeline After)> To(string person, PipelineId pipeline, string by) =>
            world.PipelineTransfers.TransferAsync(pipeline, world[person].Account.ToString(), false, world[by], None);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Who_gave_an_app_away_and_was_taken_off_it_is_not_told_how_it_is_called_now(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var blog = world.All["blog"];
        var offer = await world.Transfers.OfferAsync(blog.Id, "eve@example.com", world["ada"], None);
        await world.Transfers.AnswerAsync(offer.Id, true, world["eve"], None);
        await world.Collaborators.RemoveAsync(blog.Id, "ada@example.com", world["eve"], None);
        await world.Apps.ChangeAsync(blog, new AppChange(Name: "secret-plan"), world["eve"], None);
        Assert.Equal("blog", (await world.Transfers.FindAsync(offer.Id, world["ada"], None))!.AppName);
        Assert.Equal("blog", Assert.Single(await world.Transfers.ListAsync(world["ada"], None)).AppName);
        Assert.Equal("secret-plan", Assert.Single(await world.Transfers.ListAsync(world["eve"], None)).AppName);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_transfer_does_not_tell_whether_there_is_a_team_that_one_is_not_in(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var stranger = await world.Teams.CreateAsync("umbrella", world["eve"], None);
        foreach (var (pipeline, who) in new[] { (world.AdasPipeline.Id, "ada"), (world.AcmePipeline.Id, "admin") })
        {
            Assert.Equal(
                await RefusedAsync(() => world.PipelineTransfers.TransferAsync(pipeline, Guid.NewGuid().ToString(), true, world[who], None)),
                await RefusedAsync(() => world.PipelineTransfers.TransferAsync(pipeline, stranger.Id.ToString(), true, world[who], None)));
        }

        var (there, notThere) = (await RefusedAsync(() => Offer("umbrella")), await RefusedAsync(() => Offer("nothing-of-the-kind")));
        Assert.Equal(notThere.Replace("nothing-of-the-kind", "umbrella", StringComparison.Ordinal), there);
        Assert.Equal(
            (await RefusedAsync(() => Offer("nothing@herokumanager.com"))).Replace("nothing@", "umbrella@", StringComparison.Ordinal), await RefusedAsync(() => Offer("umbrella@herokumanager.com")));

        Task Offer(string team) => world.Transfers.OfferAsync(world.All["blog"].Id, team, world["ada"], None);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_app_that_goes_to_a_person_is_never_locked(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var (shop, own) = (world.All["shop"], await world.AppAsync("own", null, isLocked: false, world["member"]));
        Assert.Contains("Only an app of a team can be locked", await RefusedAsync(() => world.Transfers.HandOverAsync(shop.Id, "member@example.com", locked: true, world["admin"], None)));
        Assert.Equal("acme@herokumanager.com", (await world.Apps.FindAsync("shop", None))!.OwnerEmail);
        Assert.Contains("Only an app of a team can be locked", await RefusedAsync(() => world.Apps.ChangeAsync(own, new AppChange(IsLocked: true), world["member"], None)));
        Assert.True((await world.Transfers.HandOverAsync(own.Id, "acme", locked: true, world["member"], None)).IsLocked);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_coupling_asks_for_the_permission_again_when_it_is_made_and_when_it_is_moved(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var eves = await world.AppAsync("eves", null, isLocked: false, world["eve"]);
        Assert.Contains("Couldn't find that pipeline: blog", await RefusedAsync(() => world.Pipelines.AddAsync(world.AdasPipeline, eves, "staging", world["eve"], None)));
        Assert.Contains("Couldn't find that app: eves", await RefusedAsync(() => world.Pipelines.AddAsync(world.AdasPipeline, eves, "staging", world["ada"], None)));
        var coupling = (await world.Pipelines.CouplingOfAsync(world.All["shop-dev"].Id, None))!;
        Assert.Contains("You may not operate pipeline shop", await RefusedAsync(() => world.Pipelines.MoveAsync(coupling, "staging", world["viewer"], None)));
        Assert.Equal("development", (await world.Pipelines.CouplingOfAsync(world.All["shop-dev"].Id, None))!.Stage);
    }

    private static async Task<string> RefusedAsync(Func<Task> attempt) => (await Assert.ThrowsAsync<RefusedException>(attempt)).Message;
}
