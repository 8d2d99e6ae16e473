using Sluice.Roles;

namespace Sluice.Tests.Roles;

public sealed class SilenceTests
{
    [Fact]
    public void Who_is_silent_for_all_the_rounds_hangs() => Assert.Equal((false, true), (After(11).IsHang(12), After(12).IsHang(12)));

    [Fact]
    public void A_late_round_says_nothing() => Assert.Equal(After(11), Enumerable.Range(0, 1000).Aggregate(After(11), (silence, _) => silence.Longer(isLate: true)));

    [Fact]
    public void Who_need_not_answer_begins_anew() => Assert.False(After(1000).Excused().Longer(isLate: false).IsHang(12));

    [Fact]
    public void Who_was_replaced_and_never_answered_is_left_alone_for_sixty_rounds()
    {
        Assert.False(After(59, Silence.AfterReplacement()).IsHang(12));
        Assert.True(After(60, Silence.AfterReplacement()).IsHang(12));
        var starting = Enumerable.Range(0, 30).Aggregate(Silence.AfterReplacement(), (silence, _) => silence.Excused());
        Assert.Equal((30, 0), (starting.Rest, starting.Rounds));
    }

    private static Silence After(int rounds, Silence? before = null) =>
        Enumerable.Range(0, rounds).Aggregate(before ?? new Silence(), (silence, _) => silence.Longer(isLate: false));
}
