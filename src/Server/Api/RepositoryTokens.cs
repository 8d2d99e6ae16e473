namespace Sluice.Api;

/// <summary>
/// What clients send in the place of a token of GitHub's: the caller's own key, sealed, good for repositories alone and not for long. Should it ever be
/// sent to the real GitHub, it opens nothing there and little here. It ends with the key.
/// </summary>
internal sealed class RepositoryTokens(Tickets tickets)
{
    private const string Kind = "repository token";
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    public string Make(string key) => tickets.Make(Kind, key, Lasts);

    /// <summary>The key inside; null when it is not one of ours, or too old.</summary>
    public string? KeyOf(string token)
    {
        try
        {
            return tickets.Open<string>(Kind, token);
        }
        catch (RefusedException)
        {
            return null;
        }
    }
}

/// <summary>On a route that also takes a repository token.</summary>
internal sealed record TakesRepositoryToken;
