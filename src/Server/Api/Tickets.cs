using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Api;

/// <summary>
/// Secrets in addresses, for clients that fetch a stream without their key: what may be read, and until when, sealed with <c>DIR/secret.key</c>.
/// Nothing is kept, so one made before a restart opens after it.
/// </summary>
internal sealed class Tickets(Vault vault, TimeProvider clock)
{
    private const int MaxLength = 2000;

    /// <param name="kind">What it opens; it opens nothing else.</param>
    public string Make<T>(string kind, T about, TimeSpan lasts)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(new Content<T>(about, clock.GetUtcNow() + lasts));
        return Base64Url.EncodeToString(vault.Seal("ticket " + kind, content));
    }

    /// <summary>Throws a refusal (not found) when it is not one of ours, or too old.</summary>
    public T Open<T>(string kind, string ticket)
    {
        try
        {
            if (ticket.Length > MaxLength)
                throw Refused();
            var content = JsonSerializer.Deserialize<Content<T>>(vault.Open("ticket " + kind, Base64Url.DecodeFromChars(ticket)));
            return content is not null && content.Until > clock.GetUtcNow() ? content.About : throw Refused();
        }
        catch (Exception e) when (e is FormatException or CryptographicException or JsonException)
        {
            throw Refused();
        }
    }

    internal static RefusedException Refused() => new(RefusalKind.NotFound, "This address is not valid any more. Ask for a new one.", "stream");

    private sealed record Content<T>(T About, DateTimeOffset Until);
}
