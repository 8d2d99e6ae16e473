using System.Text.Json;
using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>The smaller things of an account and of an app, as people who have the Heroku CLI type and read them.</summary>
public sealed class ThingsTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task Features_are_listed_and_those_that_are_tried_out_warn()
    {
        await heroku.SucceedAsync("apps:create", "featured");
        var labs = await heroku.SucceedAsync("labs", "-a", "featured");
        Assert.Contains("User Features admin@localhost [ ] pipelines", labs);
        Assert.Contains("App Features featured [ ] runtime-dyno-metadata", labs);
        var enabled = await heroku.SucceedAsync("labs:enable", "pipelines");
        Assert.Contains("Enabling pipelines for admin@localhost... done", enabled);
        Assert.Contains("This feature is experimental and may change or be removed without notice.", enabled);
        Assert.Contains("Enabled: true", await heroku.SucceedAsync("labs:info", "pipelines"));
        Assert.Contains("[+] pipelines", await heroku.SucceedAsync("labs"));
        Assert.Contains("Disabling pipelines for admin@localhost... done", await heroku.SucceedAsync("labs:disable", "pipelines"));

        Assert.Contains("[+] preboot", await heroku.SucceedAsync("features", "-a", "featured"));
        Assert.Contains("preboot is already enabled", (await heroku.HerokuAsync("features:enable", "preboot", "-a", "featured")).Said);
        var fixedOn = await heroku.HerokuAsync("features:disable", "preboot", "-a", "featured");
        Assert.Equal(2, fixedOn.ExitCode);
        Assert.Contains("preboot is how Sluice works and cannot be turned off.", fixedOn.Said);
        Assert.Contains("Couldn't find that feature: warp.", (await heroku.HerokuAsync("labs:enable", "warp", "-a", "featured")).Said);
    }

    [Fact]
    public async Task Keys_are_made_shown_once_rotated_and_revoked_and_do_what_their_scope_says()
    {
        var made = JsonDocument.Parse((await heroku.HerokuAsync("authorizations:create", "-d", "reader", "-s", "read", "-e", "3600", "--json")).Output).RootElement;
        var (id, key) = (made.GetProperty("id").GetString()!, made.GetProperty("access_token").GetProperty("token").GetString()!);
        Assert.Contains("reader " + id + " read", await heroku.SucceedAsync("authorizations"));
        var info = await heroku.SucceedAsync("authorizations:info", id);
        Assert.Contains("Token: sluice_**********" + key[^4..], info);
        Assert.Contains("in about 1 hour", info);

        Assert.Equal(0, (await heroku.HerokuWithKeyAsync(key, "apps:info", "-a", "shop")).ExitCode);
        foreach (var tooMuch in new[] { "config -a shop", "apps:create stolen", "maintenance:on -a shop", "authorizations:create -s global", "keys" })
        {
            var refused = await heroku.HerokuWithKeyAsync(key, tooMuch.Split(' '));
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("This key's scope is read, which does not allow this.", refused.Said);
        }

        Assert.Contains("Description: old reader", await heroku.SucceedAsync("authorizations:update", id, "-d", "old reader"));
        Assert.DoesNotContain("*", await heroku.SucceedAsync("authorizations:rotate", id));
        Assert.Contains("HEROKU_API_KEY is invalid", (await heroku.HerokuWithKeyAsync(key, "apps")).Said);
        Assert.Contains("done, revoked authorization from old reader", await heroku.SucceedAsync("authorizations:revoke", id));
        Assert.Equal(2, (await heroku.HerokuAsync("authorizations:info", id)).ExitCode);
        Assert.Contains("last key that may do everything", (await heroku.HerokuAsync("authorizations:revoke", "~")).Said);
        Assert.Contains("Two-factor authentication is not enabled", await heroku.SucceedAsync("auth:2fa"));
        Assert.Equal(heroku.Sluice.Key, (await heroku.HerokuAsync("auth:token")).Output.Trim());
    }

    /// <summary>The prompts are answered one by one, as by a person; the password is an API key.</summary>
    [Fact]
    public async Task A_login_makes_a_session_and_logging_out_ends_it()
    {
        var session = await heroku.SucceedWithoutKeyAsync(
            """
            coproc CLI { exec heroku login -i 2>&1; }
            exec 3<&"${CLI[0]}" 4>&"${CLI[1]}"
            answer() {
                local seen=
                while IFS= read -r -n1 -d '' -u 3 letter; do
                    seen+=$letter
                    [[ $seen == *"$1"* ]] || continue
                    sleep 0.5
                    printf '%s\n' "$2" >&4
                    return
                done
            }
            answer Email admin@localhost
            answer Password "$THE_KEY"
            tail -n 1 <&3
            heroku auth:whoami
            heroku sessions --json
            token=$(heroku auth:token 2>/dev/null)
            heroku logout
            heroku auth:whoami
            echo "whoami ended with $?, and the key of before with $(HEROKU_API_KEY=$token heroku apps >/dev/null 2>&1; echo $?)."
            """);
        Assert.Contains("Logged in as admin@localhost", session);
        Assert.Contains("Heroku CLI login from", session);
        Assert.Contains("Logging out... done", session);
        Assert.Contains("whoami ended with 100, and the key of before with 1.", session);
        Assert.Contains("No OAuth sessions.", await heroku.SucceedAsync("sessions"));
    }

    [Fact]
    public async Task Ssh_keys_are_kept_and_forgotten()
    {
        var file = Path.Combine(heroku.Sluice.Scratch("keys"), "id.pub");
        await File.WriteAllTextAsync(file, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi ada@laptop\n");
        Assert.Contains("SSH key... done", await heroku.SucceedAsync("keys:add", file));
        Assert.Contains("added already", (await heroku.HerokuAsync("keys:add", file)).Said);
        Assert.Contains("admin@localhost keys ssh-ed25519 AAAAC3NzaC...FWXZtIVPi ada@laptop".Replace("...FWXZtIVPi", "...sFWXZtIVPi"), await heroku.SucceedAsync("keys"));
        Assert.Contains("Removing ada@laptop SSH key... done", await heroku.SucceedAsync("keys:remove", "ada@laptop"));
        await heroku.SucceedAsync("keys:add", file);
        Assert.Contains("Removing all SSH keys... done", await heroku.SucceedAsync("keys:clear"));
        Assert.Contains("You have no SSH keys.", await heroku.SucceedAsync("keys"));
    }

    [Fact]
    public async Task Buildpacks_are_looked_up_set_and_removed()
    {
        await heroku.SucceedAsync("apps:create", "built");
        Assert.Contains("Next release on built will use heroku/nodejs", await heroku.SucceedAsync("buildpacks:set", "heroku/nodejs", "-a", "built"));
        Assert.Contains("1. heroku/python 2. heroku/nodejs", await heroku.SucceedAsync("buildpacks:add", "heroku/python", "-i", "1", "-a", "built"));
        Assert.Contains("heroku/python is already set on your app", (await heroku.HerokuAsync("buildpacks:add", "heroku/python", "-a", "built")).Said);
        var unknown = await heroku.HerokuAsync("buildpacks:add", "heroku/cobol", "-a", "built");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("the registry of this server does not know it. Bundled are heroku/nodejs,", unknown.Said);
        var secret = await heroku.HerokuAsync("buildpacks:add", "https://ada:hunter2@example.com/b.git", "-a", "built");
        Assert.Contains("at example.com holds a user name or password", secret.Said);
        Assert.DoesNotContain("hunter2", secret.Said);
        Assert.Contains("will use heroku/nodejs", await heroku.SucceedAsync("buildpacks:remove", "heroku/python", "-a", "built"));
        Assert.Contains("Buildpacks cleared.", await heroku.SucceedAsync("buildpacks:clear", "-a", "built"));

        Assert.Contains("No buildpacks found", await heroku.SucceedAsync("buildpacks:search", "cobol"));
    }

    [Fact]
    public async Task Drains_are_added_listed_and_removed_by_address_or_token_and_lead_to_the_public_network_only()
    {
        const string Tls = "syslog+tls://logs.example.com:6514", Https = "https://me:pass@logs.example.com/in/%7Eshop?key=1";
        foreach (var url in new[] { Tls, Https })
            Assert.Contains($"Successfully added drain {url}", await heroku.SucceedAsync("drains:add", url, "-a", "shop"));
        Assert.Contains("This app has that drain already.", (await heroku.HerokuAsync("drains:add", Tls, "-a", "shop")).Said);
        var refused = await heroku.HerokuAsync("drains:add", "http://127.0.0.1:9000/", "-a", "shop");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("127.0.0.1 is not on the public network, where drains lead.", refused.Said);

        Assert.Matches($@"=== Drains {System.Text.RegularExpressions.Regex.Escape(Tls)} \(d\.[0-9a-f-]+\) {System.Text.RegularExpressions.Regex.Escape(Https)} \(d\.[0-9a-f-]+\)", await heroku.SucceedAsync("drains", "-a", "shop"));
        var token = JsonDocument.Parse((await heroku.HerokuAsync("drains", "-a", "shop", "--json")).Output).RootElement[0].GetProperty("token").GetString()!;
        Assert.Contains($"Successfully removed drain {Tls}", await heroku.SucceedAsync("drains:remove", token, "-a", "shop"));
        Assert.Contains($"Successfully removed drain {Https}", await heroku.SucceedAsync("drains:remove", Https, "-a", "shop"));
        Assert.DoesNotContain("logs.example.com", await heroku.SucceedAsync("drains", "-a", "shop"));
        Assert.Contains("Couldn't find that drain.", (await heroku.HerokuAsync("drains:remove", token, "-a", "shop")).Said);
    }

    [Fact]
    public async Task Logs_are_filtered_by_source_dyno_and_process_type_and_followed()
    {
        var visit = $"curl -s -o /dev/null -H 'Host: shop-staging.localhost:{heroku.Sluice.Url.Port}' {new Uri(heroku.Sluice.Url, "/")}";
        var followed = await heroku.RunAsync(heroku.Sluice.Scratch("followed"), heroku.WithKey,
        [
            "bash", "-c",
            $$"""
            heroku logs --tail --source heroku --dyno-name router -a shop-staging >tail &
            for try in $(seq 300); do
                {{visit}}
                sleep 0.1
                grep -q 'at=info method=GET path="/"' tail && break
            done
            kill $!
            cat tail
            """,
        ]);
        Assert.Contains("heroku[router]: at=info method=GET path=\"/\"", followed.Output, StringComparison.Ordinal);
        Assert.All(followed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains(" heroku[router]: ", line, StringComparison.Ordinal));

        foreach (var (flags, fits) in new (string, string)[]
                 {
                     ("-s heroku -n 50", @" heroku\[[a-z]+(\.\d+)?\]: "), ("-p web -n 50", @" (app|heroku)\[web\.\d+\]: "), ("-d web.1 -s app", @" app\[web\.1\]: "),
                 })
        {
            var lines = (await heroku.HerokuAsync(["logs", .. flags.Split(' '), "-a", "shop-staging"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.NotEmpty(lines);
            Assert.All(lines, line => Assert.Matches(fits, line));
        }
        Assert.Equal(3, (await heroku.HerokuAsync("logs", "-n", "3", "-a", "shop-staging")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_domain_leads_visitors_to_the_app_until_it_is_removed_and_maintenance_shows_them_a_page()
    {
        Assert.Contains("DNS Target shop-staging.localhost", await heroku.SucceedAsync("domains:add", "www.shop.example", "-a", "shop-staging"));
        var taken = await heroku.HerokuAsync("domains:add", "WWW.shop.example", "-a", "shop");
        Assert.Equal(2, taken.ExitCode);
        Assert.Contains("www.shop.example is taken by an app already", taken.Said);
        Assert.Contains("belongs to this server itself", (await heroku.HerokuAsync("domains:add", "shop.localhost", "-a", "shop-staging")).Said);
        Assert.Contains("leave scheme and path out", (await heroku.HerokuAsync("domains:add", "http://www.shop.example/", "-a", "shop-staging")).Said);
        Assert.Contains("Waiting for www.shop.example... done", await heroku.SucceedAsync("domains:wait", "www.shop.example", "-a", "shop-staging"));
        await UntilAsync("www.shop.example", "200");

        var list = await heroku.SucceedAsync("domains", "-a", "shop-staging");
        Assert.Contains("shop-staging Heroku Domain shop-staging.localhost", list);
        Assert.Contains("www.shop.example CNAME shop-staging.localhost", list);
        Assert.Contains("kind: custom", await heroku.SucceedAsync("domains:info", "www.shop.example", "-a", "shop-staging"));
        Assert.Contains("Couldn't find that certificate: mycert", (await heroku.HerokuAsync("domains:update", "www.shop.example", "--cert", "mycert", "-a", "shop-staging")).Said);

        Assert.Contains("Enabling maintenance mode for shop-staging... done", await heroku.SucceedAsync("maintenance:on", "-a", "shop-staging"));
        Assert.StartsWith("on", await heroku.SucceedAsync("maintenance", "-a", "shop-staging"));
        await UntilAsync("www.shop.example", "503");
        await heroku.SucceedAsync("maintenance:off", "-a", "shop-staging");
        await UntilAsync("www.shop.example", "200");

        await heroku.SucceedAsync("domains:remove", "www.shop.example", "-a", "shop-staging");
        await UntilAsync("www.shop.example", "404");
        await heroku.SucceedAsync("domains:add", "*.shop.example", "-a", "shop-staging");
        await UntilAsync("any.shop.example", "200");
        await heroku.SucceedAsync("domains:clear", "-a", "shop-staging");
        await UntilAsync("any.shop.example", "404");
    }

    [Fact]
    public async Task A_certificate_of_ones_own_is_served_for_the_domain_it_was_added_for()
    {
        await heroku.SucceedAsync("apps:create", "certified");
        Assert.Contains("certified has no SSL certificates.", await heroku.SucceedAsync("certs", "-a", "certified"));
        var (first, second) = (Files("first", "www.cert.example"), Files("second", "www.cert.example", "pay.cert.example"));
        Assert.Contains("belongs to another certificate", (await heroku.HerokuAsync("certs:add", first.Crt, second.Key, "-a", "certified")).Said);
        var added = await heroku.SucceedAsync("certs:add", first.Crt, first.Key, "-a", "certified");
        Assert.Contains("Common Name(s): www.cert.example", added);
        Assert.Contains("SSL certificate is self signed.", added);
        var name = System.Text.RegularExpressions.Regex.Match(await heroku.SucceedAsync("certs", "-a", "certified"), "cert-[0-9a-f]{5}").Value;
        Assert.NotEmpty(name);

        await heroku.SucceedAsync("domains:add", "www.cert.example", "--cert", name, "-a", "certified");
        Assert.Contains("is not among them", (await heroku.HerokuAsync("domains:add", "pay.cert.example", "--cert", name, "-a", "certified")).Said);
        await ServedAsync("www.cert.example", first.Crt);
        Assert.Contains("Domain(s): www.cert.example", await heroku.SucceedAsync("certs:info", "--show-domains", "-a", "certified"));

        Assert.Contains("pay.cert.example", await heroku.SucceedAsync("certs:update", second.Crt, second.Key, "--confirm", "certified", "-a", "certified"));
        await ServedAsync("www.cert.example", second.Crt);
        await heroku.SucceedAsync("domains:add", "pay.cert.example", "--cert", name, "-a", "certified");
        await ServedAsync("pay.cert.example", second.Crt);
        Assert.Contains("Removing SSL certificate " + name + " from certified... done", await heroku.SucceedAsync("certs:remove", "--name", name, "--confirm", "certified", "-a", "certified"));
        await ServedAsync("www.cert.example", heroku.Sluice.Data.CertificateAuthority);

        (string Crt, string Key) Files(string file, params string[] names)
        {
            var (crt, key) = (Path.Combine(heroku.Sluice.Scratch("certs"), file + ".crt"), Path.Combine(heroku.Sluice.Scratch("certs"), file + ".key"));
            var pair = Apps.TestCertificate.For(names);
            File.WriteAllText(crt, pair.Chain);
            File.WriteAllText(key, pair.Key);
            return (crt, key);
        }
    }

    [Fact]
    public async Task A_retry_releases_the_newest_slug_once_more_and_runs_its_release_command()
    {
        await heroku.SucceedAsync("apps:create", "retried");
        var pushed = await heroku.Sluice.PushAsync("retried", SampleApp.Files, TestContext.Current.CancellationToken);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        await heroku.SucceedAsync("config:set", "GREETING=again", "-a", "retried");
        var retried = await heroku.SucceedAsync("releases:retry", "-a", "retried");
        Assert.Contains("Retrying v3 on retried... done, v4", retried);
        Assert.Contains("Running release command... migrating for again", retried);
        var releases = JsonDocument.Parse((await heroku.HerokuAsync("releases", "--json", "-a", "retried")).Output).RootElement;
        Assert.Equal("Retry of v3: Set GREETING config vars", releases[0].GetProperty("description").GetString());
        Assert.Equal(releases[1].GetProperty("slug").ToString(), releases[0].GetProperty("slug").ToString());
        await heroku.SucceedAsync("apps:create", "nothing-to-retry");
        Assert.Contains("App must have a release-phase command", (await heroku.HerokuAsync("releases:retry", "-a", "nothing-to-retry")).Said);
    }

    [Fact]
    public async Task A_retry_after_a_promotion_that_failed_releases_what_was_promoted()
    {
        var ct = TestContext.Current.CancellationToken;
        await Task.WhenAll(heroku.SucceedAsync("apps:create", "again-staging"), heroku.SucceedAsync("apps:create", "again"));
        await heroku.SucceedAsync("pipelines:create", "again", "-a", "again-staging", "-s", "staging");
        await heroku.SucceedAsync("pipelines:add", "again", "-a", "again", "-s", "production");
        await heroku.SucceedAsync("labs:enable", "runtime-dyno-metadata", "-a", "again");
        // The first release of the target fails by its number; every other one succeeds.
        var pushed = await heroku.Sluice.PushAsync(
            "again-staging", new(SampleApp.Files) { ["Procfile"] = "web: perl server.pl\nrelease: test \"$HEROKU_RELEASE_VERSION\" != v2 && echo retried well\n" }, ct);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        var promoted = await heroku.HerokuAsync("pipelines:promote", "-a", "again-staging");
        Assert.Equal(1, promoted.ExitCode);
        Assert.Contains("again: failed", promoted.Said);

        var retried = await heroku.SucceedAsync("releases:retry", "-a", "again");
        Assert.Contains("Retrying v2 on again... done, v3", retried);
        Assert.Contains("Running release command... retried well", retried);
        var releases = JsonDocument.Parse((await heroku.HerokuAsync("releases", "--json", "-a", "again")).Output).RootElement;
        Assert.Equal(("succeeded", "failed"), (releases[0].GetProperty("status").GetString(), releases[1].GetProperty("status").GetString()));
        Assert.StartsWith("Retry of v2: Promote again-staging v2", releases[0].GetProperty("description").GetString());
    }

    [Fact]
    public async Task Two_apps_are_compared()
    {
        await Task.WhenAll(heroku.SucceedAsync("apps:create", "alike"), heroku.SucceedAsync("apps:create", "unlike"));
        await heroku.SucceedAsync("config:set", "ONLY=here", "-a", "unlike");
        var diff = await heroku.SucceedAsync("apps:diff", "alike", "unlike");
        Assert.Contains("config (ONLY)", diff);
        Assert.Contains("here", diff);
        Assert.Contains("slug (checksum)", await heroku.SucceedAsync("apps:diff", "alike", "shop-staging"));
    }

    /// <summary>A visitor of that host name comes to see this status.</summary>
    /// <summary>Over TLS, to whom trusts this authority alone.</summary>
    private async Task ServedAsync(string host, string authority)
    {
        var ran = default(Ran);
        for (var tries = 0; tries < 100; tries++)
        {
            var port = heroku.Sluice.Url.Port;
            ran = await heroku.Sluice.RunAsync(
                ["curl", "--silent", "--show-error", "--output", "/dev/null", "--cacert", authority, "--resolve", $"{host}:{port}:127.0.0.1", $"https://{host}:{port}/"],
                "/", [], TestContext.Current.CancellationToken);
            if (ran.ExitCode == 0)
                return;
            await Task.Delay(200);
        }

        Assert.Fail($"{host} is not served with {authority}: {ran}");
    }

    private async Task UntilAsync(string host, string status)
    {
        var seen = "";
        for (var tries = 0; tries < 100; tries++)
        {
            var ran = await heroku.Sluice.RunAsync(
                ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", $"Host: {host}", heroku.Sluice.Url.ToString()], "/", [], TestContext.Current.CancellationToken);
            if ((seen = ran.Output) == status)
                return;
            await Task.Delay(200);
        }

        Assert.Fail($"{host} answers {seen}, not {status}.");
    }
}
