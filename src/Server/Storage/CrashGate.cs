namespace Sluice.Storage;

/// <summary>
/// Named places between two durable steps. In production a gate does nothing; a test arms one, by
/// <c>SLUICE_CRASH_AT=name</c> or <c>name#3</c> (the third passage), and the process dies there as if the power went.
/// </summary>
public static class CrashGate
{
    private static readonly string? Armed = Environment.GetEnvironmentVariable("SLUICE_CRASH_AT");
    private static int passages;

    /// <summary>For tests in one process: called with each gate's name; may throw to cut the work here. Null in production.</summary>
    public static readonly AsyncLocal<Action<string>?> Watcher = new();

    public static void Pass(string name)
    {
        Watcher.Value?.Invoke(name);
        if (Armed is null)
            return;
        var (gate, nth) = Armed.Split('#') is [var g, var n] ? (g, int.Parse(n)) : (Armed, 1);
        if (gate == name && Interlocked.Increment(ref passages) == nth)
            Environment.FailFast("crash gate " + name);
    }
}
