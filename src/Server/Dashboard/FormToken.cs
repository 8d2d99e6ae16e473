using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Sluice.Storage;

namespace Sluice.Dashboard;

/// <summary>
/// What every form of ours carries, and nobody else's can: made from <c>DIR/secret.key</c> and whom the page was made for. Apps answer below our own host
/// name, so to a browser they are the same site, and <c>SameSite</c> alone does not keep their forms away. It outlives a session on purpose: who signs in
/// again in another tab loses nothing that they typed in this one.
/// </summary>
internal sealed class FormToken(Vault vault)
{
    public const string Field = "form-token";

    private const string Purpose = "dashboard form";

    /// <summary>Another text each time, so that nobody learns it from how well a page compresses.</summary>
    public string Of(string whom) => Base64Url.EncodeToString(vault.Seal(Purpose, Encoding.UTF8.GetBytes(whom)));

    /// <summary>Whom the page with this form was made for; null when it is none of ours.</summary>
    public string? WhomOf(string? shown)
    {
        try
        {
            return shown is { Length: < 1000 } ? Encoding.UTF8.GetString(vault.Open(Purpose, Base64Url.DecodeFromChars(shown))) : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }
}
