using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Apps;

/// <summary>A certificate that somebody uploaded for an app, or that was ordered for one of its domains; domains that are told to are served with it.</summary>
public sealed record SniEndpoint
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }

    /// <summary><c>cert-</c> and five hex digits; one of a kind in its app.</summary>
    public required string Name { get; init; }

    /// <summary>PEM: the certificate, then those that lead to its authority.</summary>
    public required string Chain { get; init; }

    /// <summary>Ordered and renewed by itself (<c>certs:auto</c>), for one domain.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>Ids of the app's domains that are served with it.</summary>
    public required ImmutableArray<Guid> Domains { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What a certificate says of itself.</summary>
public sealed record CertificateFacts(
    ImmutableArray<string> Names, string Subject, string Issuer, DateTimeOffset From, DateTimeOffset Until, bool IsSelfSigned, bool IsTrusted)
{
    private const int MostBytes = 64 * 1024, MostCertificates = 10;

    /// <summary>Reads a chain that was checked before.</summary>
    public static CertificateFacts Of(string chain)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(chain);
        try
        {
            var leaf = all[0];
            return new CertificateFacts(
                NamesOf(leaf), leaf.Subject, leaf.Issuer, new DateTimeOffset(leaf.NotBefore), new DateTimeOffset(leaf.NotAfter),
                leaf.SubjectName.RawData.AsSpan().SequenceEqual(leaf.IssuerName.RawData), IsTrustedOf(all));
        }
        finally
        {
            foreach (var certificate in all)
                certificate.Dispose();
        }
    }

    /// <summary>What is wrong with a chain and its key, a sentence each; none when they can be served.</summary>
    public static IEnumerable<string> Faults(string chain, string key, DateTimeOffset now)
    {
        if (chain.Length > MostBytes || key.Length > MostBytes)
            return ["A certificate chain and its key have at most 64 KB each."];
        var faults = new List<string>();
        var count = CountOf(chain);
        if (count is 0 or > MostCertificates)
            faults.Add("certificate_chain must hold one to ten certificates in PEM form, your own first: -----BEGIN CERTIFICATE----- …");
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            faults.Add("The private key is locked with a passphrase. Take it off first: openssl pkey -in locked.key -out server.key");
        else if (!IsKey(key))
            faults.Add("private_key must be an RSA or EC key in PEM form: -----BEGIN PRIVATE KEY----- …");
        if (faults.Count > 0)
            return faults;
        if (!Match(chain, key))
            return ["The private key belongs to another certificate. Your own certificate must come first in the chain."];
        var facts = Of(chain);
        if (facts.Names.IsEmpty)
            faults.Add("The certificate names no host: it needs DNS names (subjectAltName).");
        if (facts.Until <= now)
            faults.Add($"The certificate ended on {facts.Until.UtcDateTime:yyyy-MM-dd}. Get a new one.");
        return faults;
    }

    /// <summary>Whether clients take it for a host: by its name, or by a star for its first part.</summary>
    public bool Covers(string hostname) =>
        Names.Contains(hostname, StringComparer.OrdinalIgnoreCase)
        || (hostname.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && Names.Contains("*" + hostname[dot..], StringComparer.OrdinalIgnoreCase));

    private static int CountOf(string chain)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(chain);
            return all.Count;
        }
        catch (CryptographicException)
        {
            return 0;
        }
    }

    private static bool IsKey(string pem) => Takes(() => RSA.Create(), pem) || Takes(() => ECDsa.Create(), pem);

    private static bool Takes(Func<AsymmetricAlgorithm> create, string pem)
    {
        using var algorithm = create();
        try
        {
            algorithm.ImportFromPem(pem);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static bool Match(string chain, string key)
    {
        try
        {
            using var _ = X509Certificate2.CreateFromPem(chain, key);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static ImmutableArray<string> NamesOf(X509Certificate2 leaf)
    {
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames());
        var common = leaf.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return [.. names.DefaultIfEmpty(common).Where(name => name.Contains('.')).Select(name => name.ToLowerInvariant()).Distinct()];
    }

    /// <summary>By the authorities that this machine trusts; nothing is asked of the network.</summary>
    private static bool IsTrustedOf(X509Certificate2Collection all)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ExtraStore.AddRange(all);
        return chain.Build(all[0]);
    }
}
