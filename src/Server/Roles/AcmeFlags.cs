using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Roles;

/// <summary>The flags of <c>up</c> that say who is asked for certificates.</summary>
/// <param name="CaFile">Where <see cref="Authority.Roots"/> were read from; null when none were.</param>
public sealed record AcmeFlags(Authority Authority, string? CaFile)
{
    /// <summary>For a role's command line.</summary>
    public ImmutableArray<string> ToFlags() =>
    [
        "--acme", Authority.Directory.AbsoluteUri,
        .. Authority.HasAgreed ? new[] { "--acme-agree" } : [],
        .. Authority.Email is { } email ? new[] { "--acme-email", email } : [],
        .. CaFile is null ? [] : new[] { "--acme-ca", CaFile },
    ];

    /// <summary>Null when there are none, or what is in <paramref name="faults"/>.</summary>
    internal static AcmeFlags? Read(Dictionary<string, string> values, List<string> faults)
    {
        if (!values.TryGetValue("--acme", out var url))
        {
            faults.AddRange(values.Keys.Where(name => name.StartsWith("--acme-", StringComparison.Ordinal)).Select(name => $"{name} goes with --acme."));
            return null;
        }
        var directory = url == "letsencrypt" ? Authority.LetsEncrypt : Uri.TryCreate(url, UriKind.Absolute, out var given) && given.Scheme == Uri.UriSchemeHttps ? given : null;
        if (directory is null)
            faults.Add($"--acme wants letsencrypt, or the https address of an authority's directory, not {url}.");
        var email = values.GetValueOrDefault("--acme-email");
        if (email is not null && (!email.Contains('@') || !email.All(c => c is > ' ' and <= '~')))
            faults.Add($"--acme-email wants an address like ops@example.com, not {email}.");
        var file = values.GetValueOrDefault("--acme-ca") is { } path ? Path.GetFullPath(path) : null;
        var roots = file is null ? null : RootsOf(file, faults);
        return directory is null ? null : new AcmeFlags(new Authority { Directory = directory, Email = email, HasAgreed = values.ContainsKey("--acme-agree"), Roots = roots }, file);
    }

    private static string? RootsOf(string file, List<string> faults)
    {
        try
        {
            var text = File.ReadAllText(file);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(text);
            if (all.Count > 0)
                return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // Said below.
        }
        faults.Add($"--acme-ca wants a PEM file with certificates that Sluice may read, not {file}.");
        return null;
    }
}
