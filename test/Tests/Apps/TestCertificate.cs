using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Tests.Apps;

/// <summary>A certificate as somebody would upload it: signed by itself, for these names.</summary>
internal sealed record TestCertificate(string Chain, string Key)
{
    public static TestCertificate For(params string[] names) => For(DateTimeOffset.UnixEpoch.AddYears(100), names);

    public static TestCertificate For(DateTimeOffset until, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + names.FirstOrDefault("nobody"), key, HashAlgorithmName.SHA256);
        if (names.Length > 0)
        {
            var extension = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
                extension.AddDnsName(name);
            request.CertificateExtensions.Add(extension.Build());
        }
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, until);
        return new TestCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
