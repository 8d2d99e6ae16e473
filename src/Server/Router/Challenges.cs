using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Sluice.Router;

/// <summary>What an authority is to find at a name.</summary>
internal sealed record Challenge(string Host, string Token, string Proof);

/// <summary>
/// What is answered to an authority that looks whether a name leads here (RFC 8555, 8.3); no dyno is reached. Other paths below, which an app may have for
/// itself, are the app's. As the server gave them last, in memory: a router that starts has none until it is given them.
/// </summary>
internal sealed class Challenges
{
    public const string Path = "/.well-known/acme-challenge/";

    private volatile Given now = new("", FrozenDictionary<string, string>.Empty);

    /// <summary>SHA-256 of the set, in lower-case hex; empty before the first.</summary>
    public string Digest => now.Digest;

    public static byte[] TextOf(ImmutableArray<Challenge> challenges) => JsonSerializer.SerializeToUtf8Bytes(challenges, RouterClient.Json);

    public void Replace(byte[] text)
    {
        var challenges = JsonSerializer.Deserialize<ImmutableArray<Challenge>>(text, RouterClient.Json);
        now = new Given(
            UploadedCertificates.DigestOf(text),
            challenges.ToFrozenDictionary(challenge => KeyOf(challenge.Host, Path + challenge.Token), challenge => challenge.Proof, StringComparer.Ordinal));
    }

    /// <summary>Null: the request is for somebody else.</summary>
    public string? For(HttpRequest request)
    {
        var proofs = now.Proofs;
        return proofs.Count > 0 && request.Path.Value is { } path && path.StartsWith(Path, StringComparison.Ordinal) && HttpMethods.IsGet(request.Method)
            ? proofs.GetValueOrDefault(KeyOf(request.Host.Host, path)) : null;
    }

    public static Task AnswerAsync(HttpContext http, string proof)
    {
        http.Response.ContentType = "application/octet-stream";
        http.Response.ContentLength = proof.Length;
        return http.Response.WriteAsync(proof, http.RequestAborted);
    }

    private static string KeyOf(string host, string path) => host.ToLowerInvariant() + path;

    private sealed record Given(string Digest, FrozenDictionary<string, string> Proofs);
}
