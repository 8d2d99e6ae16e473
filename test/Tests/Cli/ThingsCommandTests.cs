using Sluice.Wire;

namespace Sluice.Tests.Cli;

/// <summary>Commands about the smaller things of an account and of an app, and what they say when there is nothing to do.</summary>
public sealed class ThingsCommandTests
{
    [Fact]
    public async Task Enabling_a_feature_of_labs_prints_the_old_words_and_the_warning()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /account/features/pipelines", Feature("pipelines", "public"))
            .On("GET /account", new AccountWire { Id = Answers.IdOf("you"), Email = "you@yourcompany.com", Name = null, CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon })
            .On("PATCH /account/features/pipelines", Feature("pipelines", "public", enabled: true));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("labs:enable pipelines"));
        Assert.Equal(
            """
            Enabling pipelines for you@yourcompany.com... done
            WARNING: This feature is experimental and may change or be removed without notice.

            """, typed.Error);
    }

    [Fact]
    public async Task A_feature_of_an_app_is_found_when_the_account_has_none_of_that_name()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop/features/runtime-dyno-metadata", Feature("runtime-dyno-metadata", "public"))
            .On("PATCH /apps/shop/features/runtime-dyno-metadata", Feature("runtime-dyno-metadata", "public", enabled: true));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("labs:enable runtime-dyno-metadata -a shop"));
        Assert.StartsWith("Enabling runtime-dyno-metadata for shop... done\n", typed.Error);
        Assert.Contains("""PATCH /apps/shop/features/runtime-dyno-metadata {"enabled":true}""", server.Asked);
    }

    [Fact]
    public async Task A_key_is_printed_alone_when_it_is_made_for_a_script()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("POST /oauth/authorizations", Key("sluice_secret"), 201);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("authorizations:create -d ci -s read,write -e 60 --short"));
        Assert.Equal("sluice_secret\n", typed.Out);
        Assert.Contains("""POST /oauth/authorizations {"description":"ci","scope":["read","write"],"expires_in":60}""", server.Asked);
    }

    [Fact]
    public async Task Domains_are_shown_with_where_dns_should_point()
    {
        await using var server = (await ScriptedServer.StartAsync()).On<IReadOnlyList<DomainWire>>("GET /apps/shop/domains",
            [Domain("shop.localhost", "heroku"), Domain("www.shop.example", "custom")]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("domains -a shop"));
        Assert.EndsWith("Domain Name       DNS Target\nwww.shop.example  shop.localhost\n", typed.Out);
    }

    [Fact]
    public async Task A_new_certificate_serves_the_domains_it_is_for_that_have_none_yet()
    {
        var added = Certificate("cert-0a1b2", "*.shop.example");
        await using var server = (await ScriptedServer.StartAsync())
            .On("POST /apps/shop/sni-endpoints", added, 201)
            .On<IReadOnlyList<DomainWire>>("GET /apps/shop/domains",
                [Domain("shop.localhost", "heroku"), Domain("www.shop.example", "custom"), Domain("a.b.shop.example", "custom"),
                 Domain("pay.shop.example", "custom") with { SniEndpoint = new NamedWire(Answers.IdOf("other"), "cert-other") }])
            .On("PATCH /apps/shop/domains/www.shop.example", Domain("www.shop.example", "custom"));
        using var typed = new Typed(server);
        var (crt, key) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            await File.WriteAllTextAsync(crt, "CHAIN");
            await File.WriteAllTextAsync(key, "KEY");
            Assert.Equal(0, await typed.Run($"certs:add {crt} {key} -a shop"));
        }
        finally
        {
            File.Delete(crt);
            File.Delete(key);
        }
        Assert.Equal("Adding SSL certificate to shop... done\nServing www.shop.example with cert-0a1b2... done\n", typed.Error);
        Assert.Contains("Common Name(s):  *.shop.example", typed.Out);
        Assert.Contains("""POST /apps/shop/sni-endpoints {"certificate_chain":"CHAIN","private_key":"KEY"}""", server.Asked);
        Assert.Single(server.Asked, asked => asked.StartsWith("PATCH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Automatic_certificates_are_turned_on_waited_for_and_turned_off()
    {
        var domain = Domain("www.shop.example", "custom");
        await using var server = (await ScriptedServer.StartAsync())
            .On("POST /apps/shop/acm", Answers.App("shop") with { Acm = true })
            .On("GET /apps/shop", Answers.App("shop") with { Acm = true })
            .On("PATCH /apps/shop/acm", Answers.App("shop") with { Acm = true })
            .On("DELETE /apps/shop/acm", Answers.App("shop"))
            .On<IReadOnlyList<DomainWire>>("GET /apps/shop/domains", [Domain("shop.localhost", "heroku"), domain with { AcmStatus = "failed", AcmStatusReason = "It leads elsewhere." }]);
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("certs:auto:enable --wait -a shop"));
        Assert.EndsWith("Domain            Status  Reason\nwww.shop.example  failed  It leads elsewhere.\n", typed.Out);
        Assert.Equal(0, await typed.Run("certs:auto:refresh -a shop"));
        Assert.Contains("""PATCH /apps/shop/acm {"acm_refresh":true}""", server.Asked);
        Assert.Equal(0, await typed.Run("certs:auto -a shop"));
        Assert.StartsWith("=== Automatic certificates are enabled on shop\n", typed.Out);
        Assert.Equal(64, await typed.Run("certs:auto:disable -a shop"));
        Assert.Equal(64, await typed.Run("certs:auto:disable -a shop --confirm blog"));
        Assert.DoesNotContain(server.Asked, asked => asked.StartsWith("DELETE", StringComparison.Ordinal));
        Assert.Equal(0, await typed.Run("certs:auto:disable -a shop --confirm shop"));
        Assert.Contains(server.Asked, asked => asked.StartsWith("DELETE /apps/shop/acm", StringComparison.Ordinal));
    }

    private static SniEndpointWire Certificate(string name, params string[] names) => new()
    {
        Id = Answers.IdOf(name),
        Name = name,
        App = new NamedWire(Answers.IdOf("shop"), "shop"),
        CertificateChain = "CHAIN",
        Domains = [],
        SslCert = new()
        {
            Id = Answers.IdOf("ssl"), CertDomains = names, Subject = "CN=a", Issuer = "CN=b", StartsAt = Answers.Noon, ExpiresAt = Answers.Noon, IsCaSigned = false, IsSelfSigned = false,
        },
        CreatedAt = Answers.Noon,
        UpdatedAt = Answers.Noon,
    };

    [Fact]
    public async Task Unsetting_what_is_not_set_says_so_and_restarts_nothing()
    {
        await using var server = (await ScriptedServer.StartAsync()).Raw("GET /apps/shop/config-vars", """{"A":"1"}""");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("config:unset NOPE -a shop"));
        Assert.Equal("NOPE is not set on shop: nothing to change.\n", typed.Error);
        Assert.Equal(0, await typed.Run("config:set A=1 -a shop"));
        Assert.Equal("A is so already on shop: nothing to change.\n", typed.Error);
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("PATCH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("pipelines:update -a lonely -s production")]
    [InlineData("pipelines:remove -a lonely")]
    [InlineData("rollback -a lonely")]
    [InlineData("buildpacks:add heroku/python -i 7 -a lonely")]
    [InlineData("buildpacks:set heroku/python -i 3 -a lonely")]
    [InlineData("buildpacks:remove heroku/ruby -a lonely")]
    public async Task What_the_server_holds_does_not_allow_is_a_refusal(string line)
    {
        await using var server = (await ScriptedServer.StartAsync())
            .Refuse("GET /apps/lonely/pipeline-couplings", 404, "not_found", "Couldn't find that pipeline coupling: lonely.", "pipeline coupling")
            .On<IReadOnlyList<ReleaseWire>>("GET /apps/lonely/releases", [Answers.Release("lonely", 1, "Initial release", current: true, slug: false)])
            .On<IReadOnlyList<BuildpackInstallationWire>>("GET /apps/lonely/buildpack-installations", [new(0, new("urn:buildpack:heroku/nodejs", "heroku/nodejs"))]);
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run(line));
        Assert.DoesNotContain(server.Asked, a => !a.StartsWith("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Places_are_counted_from_one()
    {
        await using var server = (await ScriptedServer.StartAsync()).On<IReadOnlyList<BuildpackInstallationWire>>("GET /apps/shop/buildpack-installations", []);
        using var typed = new Typed(server);
        Assert.Equal(64, await typed.Run("buildpacks:add heroku/python -i 0 -a shop"));
        Assert.Contains("Places are counted from 1", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_that_is_not_there_is_refused_by_the_name_it_was_meant_by()
    {
        await using var server = (await ScriptedServer.StartAsync()).Refuse("GET /apps/shop/releases/v77", 404, "not_found", "Couldn't find that release: v77.", "release");
        using var typed = new Typed(server);
        foreach (var line in new[] { "releases:info 77 -a shop", "rollback V77 -a shop", "rollback v77 -a shop" })
        {
            Assert.Equal(2, await typed.Run(line));
            Assert.Contains("Couldn't find that release: v77.", typed.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_second_pipeline_of_a_name_is_made_and_told_and_then_its_id_is_asked_for()
    {
        var (first, second) = (Answers.Pipeline() with { CreatedAt = Answers.Noon.AddDays(-3) }, Answers.Pipeline() with { Id = Answers.IdOf("second") });
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=shop", [first])
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=shop", [second, first])
            .On("POST /pipelines", second, 201);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:create shop"));
        Assert.Contains($"There is another pipeline of this name. Where the name is asked for, give the id: this one's is {second.Id}.", typed.Error, StringComparison.Ordinal);
        Assert.Equal(2, await typed.Run("pipelines:info shop"));
        Assert.Contains(
            $"2 pipelines are named shop. Give the id of the one you mean:\n ›     {first.Id}  created 2025-12-30 12:00 UTC\n ›     {second.Id}  created 2026-01-02 12:00 UTC",
            typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logging_out_ends_a_login_on_the_server_and_forgets_the_key_even_if_the_server_is_away()
    {
        var server = (await ScriptedServer.StartAsync()).Raw("DELETE /oauth/sessions/~", "{}")
            .On("GET /account", new AccountWire { Id = Answers.IdOf("you"), Email = "you@localhost", Name = null, CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon });
        using var typed = new Typed();
        typed.Variables["SLUICE_KEY"] = "a-key";
        Assert.Equal(0, await typed.Run("login", server.Url.ToString()));
        Assert.Equal(0, await typed.Run("logout"));
        Assert.Contains("DELETE /oauth/sessions/~", server.Asked);

        Assert.Equal(0, await typed.Run("login", server.Url.ToString()));
        await server.DisposeAsync();
        Assert.Equal(0, await typed.Run("logout"));
        Assert.Contains("does not answer", typed.Error, StringComparison.Ordinal);
        Assert.Contains("Forgot the key", typed.Error, StringComparison.Ordinal);
    }

    private static FeatureWire Feature(string name, string state, bool enabled = false) => new()
    {
        Id = Answers.IdOf(name), Name = name, DisplayName = name, Description = "What it does.", DocUrl = "http://localhost/", FeedbackEmail = "admin@localhost", Enabled = enabled,
        State = state, CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
    };

    private static AuthorizationWire Key(string token) => new()
    {
        Id = Answers.IdOf("key"), AccessToken = new(Answers.IdOf("key"), token, 60), Description = "ci", Scope = ["read", "write"], Session = null,
        User = new(Answers.IdOf("you"), "you@localhost", null), CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
    };

    private static DomainWire Domain(string hostname, string kind) => new()
    {
        Id = Answers.IdOf(hostname), App = Answers.Named("shop"), Hostname = hostname, Kind = kind, Cname = kind is "custom" ? "shop.localhost" : null, CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
    };
}
