namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/quotas</c> and <c>PATCH /quotas/:app</c>: how much of one thing an app may have. Ours, not Heroku's.</summary>
/// <param name="Description">What is counted.</param>
public sealed record QuotaWire(string Name, long Limit, long Default, string Description);
