namespace Sluice.Roles;

/// <summary>How long a role has kept silent, counted in rounds of its <see cref="HangWatch"/>. An answer begins a new one.</summary>
internal sealed record Silence
{
    /// <summary>After a replacement that brought no answer either: what a second one would not mend is not replaced over and over.</summary>
    private const int RoundsOfRest = 60;

    /// <summary>Rounds without an answer.</summary>
    public int Rounds { get; private init; }

    /// <summary>Rounds that must pass before it may be replaced again; 0 when it has answered since.</summary>
    public int Rest { get; private init; }

    /// <summary>One more. A round that came late says nothing: whatever kept us from looking may have kept the role from answering.</summary>
    public Silence Longer(bool isLate) => isLate ? this : new Silence { Rounds = Rounds + 1, Rest = Math.Max(0, Rest - 1) };

    /// <summary>A round in which it need not answer: it starts, is replaced or stopped, or a debugger holds it.</summary>
    public Silence Excused() => new() { Rest = Math.Max(0, Rest - 1) };

    public bool IsHang(int most) => Rounds >= most && Rest == 0;

    public static Silence AfterReplacement() => new() { Rest = RoundsOfRest };
}
