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
        Assert.Equal("acme@herokumanager.com", (await world.Transfers.HandOverAsync(own.Id, "acme", world["member"], None)).OwnerEmail);
        Assert.Equal(("view,deploy,operate", "view,deploy", "view"), (await world.MayAsync("member", "own"), await world.MayAsync("eve", "own"), await world.MayAsync("viewer", "own")));

        Assert.Equal("Only an admin of team acme may hand over app own.", await RefusedAsync(() => world.Transfers.HandOverAsync(own.Id, "member@example.com", world["member"], None)));
        Assert.Equal("App own belongs to team acme, and ada@example.com is not in it: add them to the team first.", await RefusedAsync(() => world.Transfers.HandOverAsync(own.Id, "ada@example.com", world["admin"], None)));
        await world.Transfers.HandOverAsync(own.Id, "member@example.com", world["admin"], None);
        Assert.Equal(("view,deploy,operate,manage,own", "", ""), (await world.MayAsync("member", "own"), await world.MayAsync("eve", "own"), await world.MayAsync("admin", "own")));

        Assert.Contains("you are in no team of that name", await RefusedAsync(() => world.Transfers.HandOverAsync(world.All["blog"].Id, "acme", world["ada"], None)));
        Assert.Contains("only when they accept it", await RefusedAsync(() => world.Transfers.HandOverAsync(world.All["blog"].Id, "eve@example.com", world["ada"], None)));
        Assert.Contains("only its members and admins may bring apps", await RefusedAsync(async () => await world.Transfers.HandOverAsync(
            (await world.AppAsync("looked", null, isLocked: false, world["viewer"])).Id, "acme", world["viewer"], None)));
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
        await world.Pipelines.AddAsync(world.AdasPipeline, await world.AppAsync("eves", null, isLocked: false, world["eve"]), "staging", world["eve"], None);
        Assert.Contains("never straight to another person", await RefusedAsync(() => To("eve", blog, "ada")));

        var (before, after) = await To("member", shop, "admin");
        Assert.Equal((world.Acme.Id, world["member"].Account), (before.Owner, after.Owner));
        Assert.Equal(("view,deploy,operate,manage,own", ""), (await world.MayAsync("member", "shop"), await world.MayAsync("admin", "shop")));
        await world.PipelineTransfers.TransferAsync(shop, world.Acme.Id.ToString(), true, world["member"], None);
        Assert.Equal(("view,deploy,operate", "view,deploy,operate,manage,own"), (await world.MayAsync("member", "shop"), await world.MayAsync("admin", "shop")));

        // Whose app is in it sees it in their list, whoever owns it.
        Assert.Equal(["blog"], await ListAsync("eve"));
        // A team that owns an app in it may own it, and what belongs to others stays theirs.
        await world.Pipelines.AddAsync(world.AdasPipeline, await world.AppAsync("acmes", world.Acme, isLocked: false, world["admin"]), "staging", world["admin"], None);
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

    private static async Task<string> RefusedAsync(Func<Task> attempt) => (await Assert.ThrowsAsync<RefusedException>(attempt)).Message;
}
