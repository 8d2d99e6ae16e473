using System.Collections.Immutable;

namespace Sluice.Apps;

/// <summary>Under which host names apps answer. <paramref name="Domain"/> is what <c>--domain</c> gave; null when apps answer on this machine only.</summary>
public sealed record AppHosts(string? Domain)
{
    /// <summary>Lower case, without port: <c>shop.localhost</c>, and <c>shop.example.com</c> where there is a domain.</summary>
    public ImmutableArray<string> Of(string app) => Domain is { } domain && !domain.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        ? [$"{app}.localhost", $"{app}.{domain.ToLowerInvariant()}"]
        : [$"{app}.localhost"];
}
