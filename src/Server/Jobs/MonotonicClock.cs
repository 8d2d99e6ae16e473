namespace Sluice.Jobs;

internal static class MonotonicClock
{
    extension(TimeProvider clock)
    {
        /// <summary>Time since some moment, counted evenly whatever the machine's date is set to: for how long things last. Means nothing in another process.</summary>
        public TimeSpan Monotonic => clock.GetElapsedTime(0);
    }
}
