namespace Sluice.Drains;

/// <summary>Where an app's log is sent as it grows. Its address may hold a key: it is shown whole only to those who may add one.</summary>
public sealed record Drain
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }
    public required DrainAddress Address { get; init; }

    /// <summary><c>d.</c> and a UUID; the receiver knows the app's lines by it. No secret.</summary>
    public required string Token { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>By id, token or address; a slash in that may be coded, as it is where an address is one part of a path.</summary>
    public bool IsNamed(string named) => named == Token || named == Id.ToString() || Plain(named) == Plain(Address.Url);

    private static string Plain(string address) => address.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
