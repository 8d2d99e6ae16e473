using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Accounts;

/// <summary>
/// A public SSH key of an account. It is recorded, so that clients which add one go on, and opens nothing: git goes over https.
/// </summary>
public sealed record SshKey
{
    private const int MaxLength = 16 * 1024;

    public required Guid Id { get; init; }

    /// <summary><c>ssh-ed25519 AAAA… ada@laptop</c>, one line.</summary>
    public required string PublicKey { get; init; }

    /// <summary><c>SHA256:…</c>, as <c>ssh-keygen -l</c> shows it.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>What stands after the key, mostly <c>user@machine</c>; empty when nothing does.</summary>
    public required string Comment { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Reads one line of a <c>.pub</c> file.</summary>
    /// <exception cref="RefusedException">It is none; what was sent is never repeated, as it may be a private key.</exception>
    public static SshKey Parse(string text, DateTimeOffset now)
    {
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw Refuse.Invalid("That is a private key: keep it to yourself and consider it spoilt. Send the file that ends in .pub.");
        var parts = text.Trim().Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var blob = new byte[MaxLength];
        if (text.Length > MaxLength || text.Trim().Any(char.IsControl) || parts.Length < 2 || !Convert.TryFromBase64String(parts[1], blob, out var length) || !IsOf(blob.AsSpan(0, length), parts[0]))
            throw Refuse.Invalid("That is no public SSH key. One is a line like: ssh-ed25519 AAAA... you@machine");
        var comment = parts.ElementAtOrDefault(2) ?? "";
        return new SshKey
        {
            Id = Guid.CreateVersion7(),
            PublicKey = $"{parts[0]} {parts[1]} {comment}".TrimEnd(),
            Fingerprint = "SHA256:" + Convert.ToBase64String(SHA256.HashData(blob.AsSpan(0, length))).TrimEnd('='),
            Comment = comment,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    /// <summary>The blob says its own type first, with its length before it (RFC 4253, 6.6).</summary>
    private static bool IsOf(ReadOnlySpan<byte> blob, string type) =>
        blob.Length > 4 + type.Length && BinaryPrimitives.ReadUInt32BigEndian(blob) == type.Length
        && Encoding.ASCII.GetString(blob.Slice(4, type.Length)) == type
        && (type.StartsWith("ssh-", StringComparison.Ordinal) || type.StartsWith("ecdsa-sha2-", StringComparison.Ordinal) || type.StartsWith("sk-", StringComparison.Ordinal));
}
