using Sluice.Roles;
using Sluice.Tests.House;

namespace Sluice.Tests.Roles;

public sealed class UpOptionsTests
{
    [Fact]
    public void Without_flags_root_gets_the_defaults_of_a_machine() =>
        Assert.Equal(("/var/lib/sluice", 5000, "localhost", "http://localhost:5000/", false), Told(Parse(isRoot: true)));

    [Fact]
    public void Others_get_a_folder_of_their_own_and_run_for_one_team() =>
        Assert.Equal(("/home/ada/.local/share/sluice", 5000, "localhost", "http://localhost:5000/", true), Told(Parse(isRoot: false)));

    [Fact]
    public void Flags_win_over_the_environment()
    {
        var env = new Dictionary<string, string> { ["SLUICE_DATA"] = "/env", ["SLUICE_PORT"] = "1" };
        Assert.Equal(("/env", 1), (Parse(true, env).Data.Root, Parse(true, env).Port));
        var flags = Parse(true, env, "--data", "/flag", "--port=2");
        Assert.Equal(("/flag", 2), (flags.Data.Root, flags.Port));
    }

    [Fact]
    public void A_domain_is_where_apps_and_Sluice_itself_answer()
    {
        var site = Parse(true, [], "--domain", "Apps.Example.com", "--port", "80", "--bind", "10.1.2.3").Site;
        Assert.Equal("http://shop.apps.example.com/", site.WebUrl("shop"));
        Assert.Equal("http://apps.example.com/shop.git", site.GitUrl("shop"));
        Assert.Equal(["localhost", "127.0.0.1", "[::1]", "apps.example.com", "10.1.2.3"], site.OwnHosts);
    }

    [Fact]
    public void A_public_url_is_what_links_are_made_from()
    {
        var site = Parse(true, [], "--public-url", "https://sluice.example.com").Site;
        Assert.Equal("https://sluice.example.com/shop.git", site.GitUrl("shop"));
        Assert.Equal("https://shop.localhost/", site.WebUrl("shop"));
    }

    [Theory]
    [InlineData("There is no flag --prot.", "--prot", "5")]
    [InlineData("--data needs a value.", "--data")]
    [InlineData("The port must be a number from 0 to 65535, not x.", "--port", "x")]
    [InlineData("The port must be a number from 0 to 65535, not 70000.", "--port", "70000")]
    [InlineData("--bind wants an IP address, not example.com.", "--bind", "example.com")]
    [InlineData("--public-url wants an address like https://sluice.example.com, not sluice.", "--public-url", "sluice")]
    [InlineData("--domain wants a name like apps.example.com, not a b.", "--domain", "a b")]
    [InlineData("--max-push wants a number of megabytes from 1 to 1048576, not 0.", "--max-push", "0")]
    [InlineData("--hang-after wants a number of seconds from 5 to 86400, or 0 for never, not 4.", "--hang-after", "4")]
    [InlineData("The port must be a number from 0 to 65535, not x. --bind wants an IP address, not y.", "--port", "x", "--bind", "y")]
    public void Faults_are_told_all_together(string sentence, params string[] flags) =>
        Assert.Equal(sentence + " See sluice up --help.", Assert.Throws<UsageException>(() => Parse(true, [], flags)).Message);

    [Fact]
    public void Who_hangs_for_a_minute_is_replaced_unless_told_otherwise()
    {
        Assert.Equal(TimeSpan.FromMinutes(1), Parse(true, []).HangAfter);
        Assert.Equal(TimeSpan.FromSeconds(5), Parse(true, [], "--hang-after", "5").HangAfter);
        Assert.Null(Parse(true, [], "--hang-after", "0").HangAfter);
    }

    [Fact]
    public void What_a_role_is_told_reads_back_the_same()
    {
        var options = Parse(true, [], "--data", "/d", "--port", "80", "--bind", "0.0.0.0", "--domain", "a.example", "--public-url", "https://s.example", "--one-team", "--max-push", "5", "--private-drains");
        Assert.Null(options.Site.Authority);
        var again = UpOptions.Parse(options.ToFlags(), _ => null, isRoot: true);
        Assert.Equal(options with { Data = again.Data, Sockets = again.Sockets }, again);
        Assert.Equal(options.Data.Root, again.Data.Root);
    }

    [Fact]
    public void Nobody_is_asked_for_certificates_but_the_authority_that_was_named()
    {
        using var folder = new Storage.TempFolder();
        var roots = folder.At("roots.pem");
        File.WriteAllText(roots, Apps.TestCertificate.For("a.example").Chain);
        Assert.Null(Parse(true, []).Site.Authority);
        Assert.Equal((Authority.LetsEncrypt, false), Parse(true, [], "--acme", "letsencrypt").Site.Authority is { } one ? (one.Directory, one.HasAgreed) : default);
        var all = Parse(true, [], "--acme", "https://ca.example/dir", "--acme-agree", "--acme-email", "ops@a.example", "--acme-ca", roots);
        Assert.Equal(all.Site.Authority, UpOptions.Parse(all.ToFlags(), _ => null, isRoot: true).Site.Authority);
        Assert.Equal((true, "ops@a.example"), (all.Site.Authority!.HasAgreed, all.Site.Authority.Email));
        Assert.StartsWith("-----BEGIN", all.Site.Authority.Roots);
        Assert.Equal("--acme-agree goes with --acme. See sluice up --help.", Assert.Throws<UsageException>(() => Parse(true, [], "--acme-agree")).Message);
        var faults = Assert.Throws<UsageException>(() => Parse(true, [], "--acme", "http://ca.example", "--acme-email", "ops", "--acme-ca", "/nowhere")).Message;
        Assert.Contains("--acme wants letsencrypt, or the https address", faults);
        Assert.Contains("--acme-email wants", faults);
        Assert.Contains("--acme-ca wants", faults);
    }

    private static UpOptions Parse(bool isRoot, Dictionary<string, string>? env = null, params string[] flags) =>
        UpOptions.Parse(flags, name => name == "HOME" ? "/home/ada" : env?.GetValueOrDefault(name), isRoot);

    private static (string, int, string, string, bool) Told(UpOptions o) => (o.Data.Root, o.Port, o.Domain, $"{o.Site.PublicUrl}", o.OneTeam);

    [Fact]
    public async Task What_is_no_flag_ends_with_the_code_of_misuse_and_a_sentence()
    {
        using var up = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Built.Server, ["up", "--frob"])
        {
            RedirectStandardError = true, UseShellExecute = false,
        })!;
        var said = await up.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await up.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((64, "There is no flag --frob. See sluice up --help.\n"), (up.ExitCode, said));
    }
}
