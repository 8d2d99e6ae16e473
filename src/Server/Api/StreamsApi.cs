namespace Sluice.Api;

/// <summary>What clients fetch without their key; the secret is in the address.</summary>
internal static class StreamsApi
{
    public const string ReleaseOutput = "release output";

    /// <summary>An address is asked for anew with every answer, so it need not last long; a slow reader has a day.</summary>
    public static readonly TimeSpan TicketLasts = TimeSpan.FromDays(1);
}
