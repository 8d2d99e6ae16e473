using Sluice.Tests.Storage;

namespace Sluice.Tests.Model;

/// <summary>Where the model and the server disagreed once, as few commands as show it; each was the server's fault.</summary>
public sealed class FoundTests
{
    private const string Sha = "0f0a53b1111111111111111111111111111111111", Other = "0f0a53b2222222222222222222222222222222222";

    [Fact]
    public Task An_unknown_app_that_is_named_twice_as_target_is_not_found_once() => ModelTests.ReplayAsync(
        "sqlite",
        new Command.CreateApp("ada", "app1", null, false),
        new Command.Promote("ada", "app1", null, ["app2", "app1", "app2"], null, false, false, true));

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public Task What_came_of_a_promotion_stays_so_when_the_target_is_destroyed_later(string kind) => ModelTests.ReplayAsync(
        kind,
        new Command.CreateApp("ada", "app1", null, false),
        new Command.CreateApp("ada", "app2", null, false),
        new Command.CreateApp("ada", "app3", null, false),
        new Command.CreatePipeline("ada", "way1", null),
        new Command.Couple("ada", "way1", "app1", "staging"),
        new Command.Couple("ada", "way1", "app2", "production"),
        new Command.Couple("ada", "way1", "app3", "production"),
        new Command.SetConfig("ada", "app3", "FAIL", "x"),
        new Command.Deploy("ada", "app1", Sha, true),
        new Command.Promote("ada", "app1", null, [], null, false, false, false),
        new Command.DestroyApp("ada", "app2"),
        new Command.DestroyApp("ada", "app3"));

    [Fact]
    public Task Apps_that_nobody_named_are_no_reason_to_refuse_a_promotion_to_one_that_is_not_there() => ModelTests.ReplayAsync(
        "sqlite",
        new Command.CreateApp("ada", "app1", "acme", false),
        new Command.CreateApp("ada", "app2", "acme", true),
        new Command.PutMember("ada", "acme", "bob", "member"),
        new Command.CreatePipeline("ada", "way1", "acme"),
        new Command.Couple("ada", "way1", "app1", "staging"),
        new Command.Couple("ada", "way1", "app2", "production"),
        new Command.Deploy("ada", "app1", Sha, false),
        new Command.Promote("bob", "app1", null, ["app3"], null, false, false, false),
        new Command.Deploy("bob", "app1", Other, false));
}
