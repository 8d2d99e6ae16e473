using System.Globalization;

namespace Sluice.Sources;

/// <summary>
/// A repository's number, for clients that know repositories by number only: time and random part that begin its app's id, so it is the same for ever
/// and nothing is kept. Below 2^53, which is as far as JavaScript counts, until the year 2039.
/// </summary>
public static class RepositoryNumber
{
    /// <summary>An id's first 12 hex digits, and the 3 after its version digit.</summary>
    public static long Of(AppId app) => long.Parse(Digits(app.ToString()), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>How the id of the app with that number begins: <c>0193b0a1-2c3d-7abc-</c>. Two apps that were made in the same millisecond may share it.</summary>
    public static string StartOfId(long number)
    {
        var digits = number.ToString("x15", CultureInfo.InvariantCulture);
        return $"{digits[..8]}-{digits[8..12]}-7{digits[12..]}-";
    }

    private static string Digits(string id) => string.Concat(id.AsSpan(0, 8), id.AsSpan(9, 4), id.AsSpan(15, 3));
}
