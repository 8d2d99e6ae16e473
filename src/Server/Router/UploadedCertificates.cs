using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Router;

/// <summary>
/// Certificates of people's own, by host name, as the server gave them last. Kept on disk, sealed by a key of the router's own, so that names are served with
/// the server and its records gone; and so that neither file alone, in a backup say, tells a key.
/// </summary>
internal sealed class UploadedCertificates(DataFolder data)
{
    private const string Purpose = "router certificates";
    private readonly Lock writing = new();
    private volatile Served now = new("", FrozenDictionary<string, SslStreamCertificateContext>.Empty);

    internal Disk Disk { get; init; } = new RealDisk();

    /// <summary>SHA-256 of the set that is served, in lower-case hex; empty before the first.</summary>
    public string Digest => now.Digest;

    public static byte[] TextOf(ImmutableArray<ServedCertificate> certificates) => JsonSerializer.SerializeToUtf8Bytes(certificates, RouterClient.Json);

    public static string DigestOf(ReadOnlySpan<byte> text) => Convert.ToHexStringLower(SHA256.HashData(text));

    /// <summary>Those that were saved last; none when the files cannot be read, and the server gives them again.</summary>
    public void Load()
    {
        try
        {
            if (Disk.Read(data.RouterCertificates) is { } stored && Disk.Read(data.RouterKey) is { } key)
                now = Served.Of(Box.Open(key, Purpose, stored));
        }
        catch (Exception e) when (e is CryptographicException or JsonException or ArgumentException)
        {
            Console.Error.WriteLine($"{data.RouterCertificates} is damaged ({e.Message}); the server gives the certificates again.");
        }
    }

    /// <summary>Saves and then serves a whole set.</summary>
    public void Replace(byte[] text)
    {
        lock (writing)
        {
            var next = Served.Of(text);
            Directory.CreateDirectory(Path.GetDirectoryName(data.RouterCertificates)!);
            Disk.Publish(data.RouterCertificates, Box.Seal(Key(), Purpose, text, []), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            now = next;
        }
    }

    /// <summary>By the host's own name; else by a star for its first part. Null: nobody uploaded one for it.</summary>
    public SslStreamCertificateContext? For(string host)
    {
        var served = now.ByHost;
        if (served.Count == 0)
            return null;
        return served.TryGetValue(host, out var own) ? own
            : host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? served.GetValueOrDefault("*" + host[dot..])
            : null;
    }

    private byte[] Key()
    {
        if (Disk.Read(data.RouterKey) is { Length: Box.KeySize } key)
            return key;
        key = RandomNumberGenerator.GetBytes(Box.KeySize);
        Disk.Publish(data.RouterKey, key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return key;
    }

    private sealed record Served(string Digest, FrozenDictionary<string, SslStreamCertificateContext> ByHost)
    {
        public static Served Of(byte[] text)
        {
            var byHost = new Dictionary<string, SslStreamCertificateContext>(StringComparer.OrdinalIgnoreCase);
            foreach (var certificate in JsonSerializer.Deserialize<ImmutableArray<ServedCertificate>>(text, RouterClient.Json))
            {
                var context = ContextOf(certificate);
                foreach (var host in certificate.Hosts)
                    byHost[host] = context;
            }
            return new Served(DigestOf(text), byHost.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));
        }

        private static SslStreamCertificateContext ContextOf(ServedCertificate certificate)
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificate.Chain);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate.Chain, certificate.Key), chain, offline: true);
        }
    }
}
