using Sluice.Apps;
using Sluice.Teams;

namespace Sluice.Tests.Apps;

/// <summary>Who may do what, as a table.</summary>
public sealed class AccessTests
{
    /// <summary>Standing; what it gives on an open app, on a locked one, on a pipeline with an app that one sees, and on one without.</summary>
    [Theory]
    [InlineData("owner", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own")]
    [InlineData("admin", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own", "view,deploy,operate,manage,own")]
    [InlineData("member", "view,deploy,operate", "", "view,deploy,operate", "view,deploy,operate")]
    [InlineData("member+manage", "view,deploy,operate,manage", "view,manage", "view,deploy,operate", "view,deploy,operate")]
    [InlineData("viewer", "view", "", "view", "view")]
    [InlineData("viewer+deploy", "view,deploy", "view,deploy", "view", "view")]
    [InlineData("collaborator", "", "", "view", "")]
    [InlineData("collaborator+deploy", "view,deploy", "view,deploy", "view", "")]
    [InlineData("nothing", "", "", "view", "")]
    [InlineData("nothing+view", "view", "view", "view", "")]
    [InlineData("nothing+operate", "view,operate", "view,operate", "view", "")]
    [InlineData("nothing+manage", "view,manage", "view,manage", "view", "")]
    public void What_one_may_do(string who, string onOpen, string onLocked, string onPipeline, string onPipelineUnseen)
    {
        var (word, added) = who.Split('+') is [var first, var second] ? (first, PermissionSet.Parse(second)) : (who, PermissionSet.None);
        var (isOwner, role) = (word == "owner", TeamRoles.Parse(word == "owner" ? null : word));
        Assert.Equal(onOpen, Access.OnApp(new Standing(isOwner, role, IsLocked: false, added)).ToString());
        Assert.Equal(onLocked, Access.OnApp(new Standing(isOwner, role, IsLocked: true, added)).ToString());
        Assert.Equal(onPipeline, Access.OnPipeline(isOwner, role, seesAnApp: true).ToString());
        Assert.Equal(onPipelineUnseen, Access.OnPipeline(isOwner, role, seesAnApp: false).ToString());
    }

    [Fact]
    public void A_refusal_names_the_thing_and_the_permission_and_who_can_give_it()
    {
        var view = PermissionSet.Of(Permission.View);
        Assert.Equal(
            "You may not deploy app shop. Ask its owner ada@example.com for the deploy permission.",
            Assert.Throws<RefusedException>(() => Access.Demand(view, Permission.Deploy, "app", "shop", "ada@example.com")).Message);
        Assert.Equal(
            "You may not operate app shop. Ask an admin of team acme for the operate permission.",
            Assert.Throws<RefusedException>(() => Access.Demand(view, Permission.Operate, "app", "shop", "acme@herokumanager.com")).Message);
        Assert.Equal(
            "Only an admin of team acme may hand over pipeline shop.",
            Assert.Throws<RefusedException>(() => Access.Demand(PermissionSet.All, Permission.Own, "pipeline", "shop", "acme@herokumanager.com")).Message);
        Assert.Equal(
            RefusalKind.NotFound, Assert.Throws<RefusedException>(() => Access.Demand(PermissionSet.None, Permission.View, "app", "shop", "ada@example.com")).Kind);
    }

    [Fact]
    public void Whoever_may_do_something_may_view()
    {
        Assert.All(Enum.GetValues<Permission>(), permission => Assert.True(PermissionSet.Of(permission).Has(Permission.View)));
        Assert.Equal("view,manage", PermissionSet.Parse("manage").ToString());
        Assert.Equal([Permission.Deploy], PermissionSet.Parse("view,deploy").Beyond(PermissionSet.Parse("manage")));
        Assert.Throws<FormatException>(() => PermissionSet.Parse("own"));
    }
}
