using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Accounts;

/// <summary>
/// A secret that stands for an account: <c>sluice_</c> and 43 letters of base64url (32 random bytes), so that a scanner of leaked secrets can tell
/// it. Its text exists when it is made and when a caller shows it; what is kept is <see cref="Sha256"/>.
/// </summary>
public sealed class ApiKey(string text)
{
    public const string Prefix = "sluice_";

    /// <summary>Longest text that is looked at at all.</summary>
    private const int MaxLength = 200;

    public static ApiKey New() => new(Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Whether it could be a key: an empty or huge text is refused before it is hashed.</summary>
    public bool IsPlausible => text.Length is > 0 and <= MaxLength;

    /// <summary>64 lower-case hex digits.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Its last four characters, which tell keys apart and leave 232 of its bits unsaid; empty for a text that is no key of ours.</summary>
    public string Hint => text.Length == Prefix.Length + 43 ? text[^4..] : "";

    /// <summary>The secret itself: for the person it was made for, once.</summary>
    public string Reveal() => text;

    public override string ToString() => "[redacted]";
}
