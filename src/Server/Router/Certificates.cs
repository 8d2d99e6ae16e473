using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sluice.Storage;

namespace Sluice.Router;

/// <summary>
/// The private authority of this DIR, made on first start, and a leaf per server name that we serve. Clients that never send a name get a
/// leaf for <c>localhost</c> and <c>127.0.0.1</c>. A wildcard would not do: curl and node refuse <c>*.localhost</c>.
/// </summary>
internal sealed class Certificates(DataFolder data, Site site, LiveTable table, UploadedCertificates? uploaded, TimeProvider clock)
{
    internal int MostLeaves { get; init; } = 4096;

    internal Disk Disk { get; init; } = new RealDisk();

    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(397);
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);

    private readonly ConcurrentDictionary<string, Leaf> leaves = new(StringComparer.OrdinalIgnoreCase);
    private X509Certificate2 authority = null!;

    /// <summary>Reads the authority, or makes it.</summary>
    public void Open()
    {
        if (!Disk.Exists(data.CertificateAuthority) || !Disk.Exists(data.CertificateAuthorityKey))
            MakeAuthority();
        authority = X509Certificate2.CreateFromPem(Text(data.CertificateAuthority), Text(data.CertificateAuthorityKey));
    }

    /// <summary>The certificate that was uploaded for a name; else a leaf of our own; for one that we do not serve, or none, the default one.</summary>
    /// <param name="companion">The handshake is inside a tunnel of the <see cref="Companion"/>, where hosts of others are ours, too.</param>
    public SslStreamCertificateContext For(string? name, bool companion)
    {
        if (name is { Length: > 0 } && uploaded?.For(name) is { } own)
            return own;
        var served = name is { Length: > 0 } && (site.OwnHosts.Contains(name, StringComparer.OrdinalIgnoreCase) || table.Find(name) is not null
            || (companion && Companion.IsWired(name.ToLowerInvariant())));
        var key = served && !IPAddress.TryParse(name, out _) ? name! : "localhost";
        if (leaves.TryGetValue(key, out var leaf) && leaf.RenewAt >= clock.GetUtcNow())
            return leaf.Context;
        if (leaves.Count >= MostLeaves)
            leaves.Clear();   // names that are still asked for get a new one in a millisecond
        leaves[key] = leaf = MakeLeaf(key);
        return leaf.Context;
    }

    private Leaf MakeLeaf(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={(name.Length <= 64 ? name : "sluice")}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (name == "localhost")
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
        }
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var now = clock.GetUtcNow();
        var last = new DateTimeOffset(authority.NotAfter);
        var end = now + LeafLife < last ? now + LeafLife : last;
        using var bare = request.Create(authority, now.AddDays(-1), end, Serial());
        return new Leaf(SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(key), null, offline: true), end.AddDays(-30));
    }

    private void MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Sluice private authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + AuthorityLife);
        // People trust the certificate from the moment that they see it: its key is durable before.
        Disk.Publish(data.CertificateAuthorityKey, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Disk.Publish(data.CertificateAuthority, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    private string Text(string path) => Encoding.ASCII.GetString(Disk.Read(path) ?? throw new FileNotFoundException($"{path} has gone."));

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    private sealed record Leaf(SslStreamCertificateContext Context, DateTimeOffset RenewAt);
}
