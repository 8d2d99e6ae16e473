namespace Sluice.Acme;

/// <summary>Where an authority takes what (RFC 8555, 7.1.1).</summary>
internal sealed record AcmeDirectory(Uri NewNonce, Uri NewAccount, Uri NewOrder, AcmeMeta? Meta);

/// <param name="TermsOfService">Where they can be read; null: none that it asks anyone to agree to.</param>
internal sealed record AcmeMeta(string? TermsOfService, bool ExternalAccountRequired);

/// <summary>A certificate that was asked for (7.1.3).</summary>
/// <param name="Status"><c>pending</c>, <c>ready</c>, <c>processing</c>, <c>valid</c> or <c>invalid</c>.</param>
/// <param name="Certificate">Where it lies; null until it is valid.</param>
internal sealed record AcmeOrder(string Status, IReadOnlyList<Uri>? Authorizations, Uri? Finalize, Uri? Certificate, AcmeProblem? Error);

/// <summary>Whether the authority takes us for the one who has a name (7.1.4).</summary>
internal sealed record AcmeAuthorization(string Status, IReadOnlyList<AcmeChallenge>? Challenges);

/// <summary>A way to prove it (8).</summary>
internal sealed record AcmeChallenge(string Type, Uri Url, string Status, string? Token, AcmeProblem? Error);

/// <summary>What went wrong, in the authority's words (6.7). Text from outside.</summary>
internal sealed record AcmeProblem(string? Type, string? Detail)
{
    public bool Is(string kind) => Type == "urn:ietf:params:acme:error:" + kind;
}

/// <summary>What an authority answered.</summary>
/// <param name="Location">Where what was made lies.</param>
/// <param name="RetryAfter">When it wants to be asked again; null: it does not say.</param>
internal sealed record AcmeAnswer<T>(T Value, Uri? Location, TimeSpan? RetryAfter);

/// <summary>The authority refused, or could not be asked. The message is a sentence for people.</summary>
internal sealed class AcmeException(string message, AcmeProblem? problem = null, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Null: there was no answer, or one that is no ACME.</summary>
    public AcmeProblem? Problem { get; } = problem;
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
