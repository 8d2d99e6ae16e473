using System.Security.Cryptography;
using Sluice.Api;
using Sluice.Storage;
using Sluice.Tests.Accounts;

namespace Sluice.Tests.Api;

public sealed class TicketTests
{
    private readonly MovableClock clock = new();
    private readonly Tickets tickets;

    public TicketTests() => tickets = new Tickets(new Vault(RandomNumberGenerator.GetBytes(32)), clock);

    [Fact]
    public void A_ticket_tells_what_it_was_made_for()
    {
        var id = ReleaseId.New();
        Assert.Equal(id, tickets.Open<ReleaseId>("output", tickets.Make("output", id, TimeSpan.FromHours(1))));
    }

    [Fact]
    public void A_ticket_does_not_open_another_kind() => Refuses("source", tickets.Make("output", ReleaseId.New(), TimeSpan.FromHours(1)));

    [Fact]
    public void A_ticket_runs_out()
    {
        var ticket = tickets.Make("output", ReleaseId.New(), TimeSpan.FromHours(1));
        clock.Advance(TimeSpan.FromHours(1));
        Refuses("output", ticket);
    }

    [Fact]
    public void A_ticket_that_was_changed_or_made_up_opens_nothing()
    {
        var ticket = tickets.Make("output", ReleaseId.New(), TimeSpan.FromHours(1));
        foreach (var wrong in new[] { ticket[1..], "A" + ticket[1..] + "A", ticket + "AAAA", "", "..", "%00", new string('A', 5000), "ünicode" })
            Refuses("output", wrong);
    }

    private void Refuses(string kind, string ticket) =>
        Assert.Equal(RefusalKind.NotFound, Assert.Throws<RefusedException>(() => tickets.Open<ReleaseId>(kind, ticket)).Kind);
}
