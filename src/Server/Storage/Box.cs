using System.Security.Cryptography;
using System.Text;

namespace Sluice.Storage;

/// <summary>
/// Bytes sealed with one key: AES-256-GCM, a fresh nonce each, the purpose as associated data, so that a sealed value cannot be moved into
/// another column or row.
/// </summary>
/// <code>12 bytes nonce | 16 bytes tag | as many bytes as the plain text</code>
internal static class Box
{
    public const int KeySize = 32;
    private const int NonceSize = 12, TagSize = 16, Overhead = NonceSize + TagSize;

    public static byte[] Seal(ReadOnlySpan<byte> key, string purpose, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> head)
    {
        var whole = new byte[head.Length + Overhead + plain.Length];
        head.CopyTo(whole);
        var box = whole.AsSpan(head.Length);
        RandomNumberGenerator.Fill(box[..NonceSize]);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(box[..NonceSize], plain, box[Overhead..], box[NonceSize..Overhead], Encoding.UTF8.GetBytes(purpose));
        return whole;
    }

    /// <exception cref="CryptographicException">Another key, another purpose, or changed bytes.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, string purpose, ReadOnlySpan<byte> box)
    {
        if (box.Length < Overhead)
            throw new CryptographicException("Too short for a sealed value.");
        var plain = new byte[box.Length - Overhead];
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(box[..NonceSize], box[Overhead..], box[NonceSize..Overhead], plain, Encoding.UTF8.GetBytes(purpose));
        return plain;
    }
}
