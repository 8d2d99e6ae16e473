namespace Sluice.Tests.Runtime;

/// <summary>The machine's clock, set by somebody in between; what passes, passes as ever.</summary>
internal sealed class JumpingClock : TimeProvider
{
    public TimeSpan Jump { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Jump;
}
