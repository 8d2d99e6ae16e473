using Npgsql;

namespace Sluice.Storage;

/// <summary>The URL form that people have for a PostgreSQL database, as Npgsql wants it.</summary>
internal static class PostgresUrl
{
    /// <summary>Text that is no URL is taken for Npgsql's own form. Query parameters go over by name (<c>sslmode</c>, <c>host</c> for a Unix socket's folder).</summary>
    public static string ToConnectionString(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql"))
            return url;
        var text = new NpgsqlConnectionStringBuilder();
        if (uri.Host.Length > 0)
            text.Host = Uri.UnescapeDataString(uri.Host);
        if (uri.Port > 0)
            text.Port = uri.Port;
        if (uri.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password])
        {
            text.Username = Uri.UnescapeDataString(user);
            if (password is [var secret])
                text.Password = Uri.UnescapeDataString(secret);
        }
        if (uri.AbsolutePath.Length > 1)
            text.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2).Select(Uri.UnescapeDataString).ToArray() is [var name, var value])
                text[name] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;   // verify-full → VerifyFull
        }
        return text.ToString();
    }
}
