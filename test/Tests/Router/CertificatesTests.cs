using System.Security.Cryptography.X509Certificates;
using Sluice.Router;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Router;

public sealed class CertificatesTests
{
    [Fact]
    public void However_many_names_were_asked_for_each_gets_a_leaf_of_its_own()
    {
        using var folder = new TempFolder();
        var site = new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") };
        var certificates = new Certificates(new DataFolder(folder.Path), site, new LiveTable(new DynoConnections()), uploaded: null, TimeProvider.System) { MostLeaves = 3 };
        certificates.Open();
        foreach (var name in new[] { "a.heroku.com", "b.heroku.com", "c.heroku.com", "d.heroku.com", "a.heroku.com", "api.github.com", "localhost" })
            Assert.Equal(name, certificates.For(name, companion: true).TargetCertificate.GetNameInfo(X509NameType.SimpleName, false));
    }
}
