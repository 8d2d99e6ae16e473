using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sluice.Acme;

/// <summary>The key by which an authority knows this Sluice: EC P-256. It signs every request (ES256, RFC 7515), and its thumbprint proves every name.</summary>
internal sealed class AcmeKey : IDisposable
{
    private readonly ECDsa key;

    private AcmeKey(ECDsa key)
    {
        this.key = key;
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        (X, Y) = (Text(point.X), Text(point.Y));
    }

    private string X { get; }
    private string Y { get; }

    /// <summary>RFC 7638: of exactly these members in exactly this order.</summary>
    public string Thumbprint => Text(SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{X}}","y":"{{Y}}"}""")));

    public static AcmeKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <param name="stored">What <see cref="Export"/> gave.</param>
    public static AcmeKey Open(byte[] stored)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(stored, out _);
        return new AcmeKey(key);
    }

    public byte[] Export() => key.ExportPkcs8PrivateKey();

    /// <summary>A request's body in the form that authorities take (RFC 8555, 6.2).</summary>
    /// <param name="account">By whose address the key is known; null: not yet, and the key itself is told.</param>
    /// <param name="payload">Null asks for what is there (POST-as-GET).</param>
    public byte[] Sign(Uri url, string nonce, Uri? account, object? payload)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["nonce"] = nonce, ["url"] = url.AbsoluteUri };
        if (account is null)
            head["jwk"] = new JsonObject { ["crv"] = "P-256", ["kty"] = "EC", ["x"] = X, ["y"] = Y };
        else
            head["kid"] = account.AbsoluteUri;
        var said = Text(Encoding.UTF8.GetBytes(head.ToJsonString()));
        var body = payload is null ? "" : Text(JsonSerializer.SerializeToUtf8Bytes(payload, AcmeClient.Json));
        var signature = key.SignData(Encoding.ASCII.GetBytes($"{said}.{body}"), HashAlgorithmName.SHA256);
        return JsonSerializer.SerializeToUtf8Bytes(new { @protected = said, payload = body, signature = Text(signature) });
    }

    public void Dispose() => key.Dispose();

    internal static string Text(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}

/// <summary>A key and the address that the authority gave its account.</summary>
internal sealed record AcmeAccount(AcmeKey Key, Uri Url) : IDisposable
{
    public void Dispose() => Key.Dispose();
}
