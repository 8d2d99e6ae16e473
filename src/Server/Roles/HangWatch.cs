namespace Sluice.Roles;

/// <summary>
/// Replaces a role that runs and does not answer. It is asked one question at a time, and that one stands until it is answered, so a role that is slow (a machine that is busy
/// to the brim) is never taken for one that hangs: only who says nothing at all for the whole limit is. Rounds that come late do not count, for then it is the machine
/// that stood still.
/// </summary>
/// <param name="limit">How long server and agent may keep silent. A router a third of that: all visitors wait for it, and to replace one that was well after all costs nothing.</param>
internal sealed class HangWatch(RoleKeeper keeper, SignOfLife sign, TimeSpan limit, Action<string> say, TimeProvider clock)
{
    private const int Rounds = 12;
    private readonly TimeSpan every = limit / Rounds;
    private readonly int most = keeper.Role == Launch.Router ? Rounds / 3 : Rounds;

    private Silence silence = new();
    private RoleProcess? asked;

    /// <summary>The question that stands, or was answered last; null before the first.</summary>
    internal Task? Question { get; private set; }

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            var start = clock.GetTimestamp();
            await Task.Delay(every, clock, ct);
            await LookAsync(isLate: clock.GetElapsedTime(start) > every * 1.5, ct);
        }
    }

    /// <summary>One round. 1. Was the question answered? 2. If it is no open one, ask again. 3. Replace who was silent for too long.</summary>
    internal async Task LookAsync(bool isLate, CancellationToken ct)
    {
        if (keeper.Ready is not { IsTraced: false } process)
        {
            silence = silence.Excused();
            return;
        }
        if (process != asked)
            (asked, Question, silence) = (process, null, silence.Excused());
        if (Question is not null)
            silence = Question.IsCompletedSuccessfully ? new Silence() : silence.Longer(isLate);
        if (Question is null or { IsCompleted: true })
            Question = sign.AskAsync(keeper.Role, process.Pid, ct);
        if (silence.IsHang(most))
            await ReplaceAsync(process, ct);
    }

    private async Task ReplaceAsync(RoleProcess hung, CancellationToken ct)
    {
        silence = Silence.AfterReplacement();
        say($"The {keeper.Role} has not answered for {(every * most).TotalSeconds:0} s; replacing it.");
        try
        {
            say(await keeper.ReplaceHungAsync(hung, Question!, ct) ? $"The {keeper.Role} was replaced." : keeper.NotReady);
        }
        catch (IOException e)
        {
            say($"The {keeper.Role} could not be replaced: {e.Message}");
        }
    }
}
