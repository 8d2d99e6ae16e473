using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>
/// The smaller things of an account and of an app at the Heroku CLI, beside the lines of <c>docs/heroku-cli.md</c>: what is refused, what a key's scope allows,
/// what visitors see of it. What only leads there is asked of the API.
/// </summary>
public sealed class ThingsTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task Features_that_are_tried_out_warn_and_those_that_are_always_on_stay_so()
    {
        await heroku.MakeAsync("featured");
        var enabled = await heroku.SucceedAsync("labs:enable", "runtime-dyno-metadata", "-a", "featured");
        Assert.Contains("Enabling runtime-dyno-metadata for featured... done", enabled);
        Assert.Contains("This feature is experimental and may change or be removed without notice.", enabled);
        var labs = await heroku.SucceedAsync("labs", "-a", "featured");
        Assert.Contains("User Features admin@localhost [ ] pipelines", labs);
        Assert.Contains("App Features featured [+] runtime-dyno-metadata", labs);

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
        var info = await heroku.SucceedAsync("authorizations:info", id);
        Assert.Contains("Token: sluice_**********" + key[^4..], info);
        Assert.Contains("in about 1 hour", info);

        await heroku.AskAsync("GET", "/apps/shop", key: key);
        const string TooMuch = "This key's scope is read, which does not allow this.";
        var refused = await heroku.HerokuWithKeyAsync(key, "config", "-a", "shop");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(TooMuch, refused.Said);
        foreach (var (method, path, body) in new (string, string, object?)[]
                 {
                     ("POST", "/apps", new { name = "stolen" }), ("PATCH", "/apps/shop", new { maintenance = true }), ("POST", "/oauth/authorizations", new { scope = new[] { "global" } }), ("GET", "/account/keys", null),
                 })
        {
            var (status, message) = await heroku.RefusedAsync(method, path, body, key);
            Assert.Equal(403, status);
            Assert.StartsWith(TooMuch, message);
        }

        var rotated = Regex.Match(await heroku.SucceedAsync("authorizations:rotate", id), "sluice_[A-Za-z0-9_-]+").Value;
        Assert.Contains("HEROKU_API_KEY is invalid", (await heroku.HerokuWithKeyAsync(key, "apps")).Said);
        await heroku.AskAsync("GET", "/apps/shop", key: rotated);
        Assert.Contains("done, revoked authorization from reader", await heroku.SucceedAsync("authorizations:revoke", id));
        Assert.Equal(401, (await heroku.RefusedAsync("GET", "/apps/shop", key: rotated)).Status);
        Assert.Contains("last key that may do everything", (await heroku.HerokuAsync("authorizations:revoke", "~")).Said);
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
            token=$(heroku auth:token 2>/dev/null)
            heroku logout
            heroku auth:whoami
            echo "whoami ended with $?, and the key of before with $(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$HEROKU_HOST/account")."
            """);
        Assert.Contains("Logged in as admin@localhost", session);
        Assert.Contains("Logging out... done", session);
        Assert.Contains("whoami ended with 100, and the key of before with 401.", session);
        Assert.Equal(0, (await heroku.AskAsync("GET", "/oauth/sessions")).GetArrayLength());
    }

    [Fact]
    public async Task Ssh_keys_are_kept_once_and_forgotten_all_together()
    {
        const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi ada@laptop";
        var file = Path.Combine(heroku.Sluice.Scratch("keys"), "id.pub");
        await File.WriteAllTextAsync(file, Key + "\n");
        await heroku.AskAsync("POST", "/account/keys", new { public_key = Key });
        Assert.Contains("added already", (await heroku.HerokuAsync("keys:add", file)).Said);
        Assert.Contains("Removing all SSH keys... done", await heroku.SucceedAsync("keys:clear"));
        Assert.Equal(0, (await heroku.AskAsync("GET", "/account/keys")).GetArrayLength());
    }

    [Fact]
    public async Task Buildpacks_that_are_unknown_set_already_or_hold_a_secret_are_refused()
    {
        await heroku.MakeAsync("built");
        await heroku.AskAsync("PUT", "/apps/built/buildpack-installations", new { updates = new[] { new { buildpack = "heroku/python" } } });
        Assert.Contains("heroku/python is already set on your app", (await heroku.HerokuAsync("buildpacks:add", "heroku/python", "-a", "built")).Said);
        var unknown = await heroku.HerokuAsync("buildpacks:add", "heroku/cobol", "-a", "built");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("the registry of this server does not know it. Bundled are heroku/nodejs,", unknown.Said);
        var secret = await heroku.HerokuAsync("buildpacks:add", "https://ada:hunter2@example.com/b.git", "-a", "built");
        Assert.Contains("at example.com holds a user name or password", secret.Said);
        Assert.DoesNotContain("hunter2", secret.Said);
        Assert.Contains("No buildpacks found", await heroku.SucceedAsync("buildpacks:search", "cobol"));
    }

    [Fact]
    public async Task Drains_are_added_listed_and_removed_by_address_or_token_and_lead_to_the_public_network_only()
    {
        const string Tls = "syslog+tls://logs.example.com:6514", Https = "https://me:pass@logs.example.com/in/%7Eshop?key=1";
        await heroku.AskAsync("POST", "/apps/shop/log-drains", new { url = Tls });
        Assert.Contains($"Successfully added drain {Https}", await heroku.SucceedAsync("drains:add", Https, "-a", "shop"));
        Assert.Contains("This app has that drain already.", (await heroku.RefusedAsync("POST", "/apps/shop/log-drains", new { url = Tls })).Message);
        var refused = await heroku.HerokuAsync("drains:add", "http://127.0.0.1:9000/", "-a", "shop");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("127.0.0.1 is not on the public network, where drains lead.", refused.Said);

        var list = Regex.Match(await heroku.SucceedAsync("drains", "-a", "shop"), $@"=== Drains {Regex.Escape(Tls)} \((d\.[0-9a-f-]+)\) {Regex.Escape(Https)} \(d\.[0-9a-f-]+\)");
        Assert.True(list.Success);
        Assert.Contains($"Successfully removed drain {Tls}", await heroku.SucceedAsync("drains:remove", list.Groups[1].Value, "-a", "shop"));
        Assert.Contains($"Successfully removed drain {Https}", await heroku.SucceedAsync("drains:remove", Https, "-a", "shop"));
        Assert.Equal(0, (await heroku.AskAsync("GET", "/apps/shop/log-drains")).GetArrayLength());
        Assert.Contains("Couldn't find that drain.", (await heroku.HerokuAsync("drains:remove", list.Groups[1].Value, "-a", "shop")).Said);
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

        foreach (var (flags, fits) in new (string, string)[] { ("-s heroku -n 3", @" heroku\[[a-z]+(\.\d+)?\]: "), ("-p web -n 50", @" (app|heroku)\[web\.\d+\]: "), ("-d web.1 -s app", @" app\[web\.1\]: ") })
        {
            var lines = (await heroku.HerokuAsync(["logs", .. flags.Split(' '), "-a", "shop-staging"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.NotEmpty(lines);
            Assert.All(lines, line => Assert.Matches(fits, line));
            if (flags.EndsWith("-n 3", StringComparison.Ordinal))
                Assert.Equal(3, lines.Length);
        }
    }

    [Fact]
    public async Task A_domain_leads_visitors_to_the_app_until_it_is_removed_and_maintenance_shows_them_a_page()
    {
        const string Domains = "/apps/shop-staging/domains";
        await heroku.AskAsync("POST", Domains, new { hostname = "www.shop.example" });
        var taken = await heroku.HerokuAsync("domains:add", "WWW.shop.example", "-a", "shop");
        Assert.Equal(2, taken.ExitCode);
        Assert.Contains("www.shop.example is taken by an app already", taken.Said);
        Assert.Contains("belongs to this server itself", (await heroku.RefusedAsync("POST", Domains, new { hostname = "shop.localhost" })).Message);
        Assert.Contains("leave scheme and path out", (await heroku.RefusedAsync("POST", Domains, new { hostname = "http://www.shop.example/" })).Message);
        Assert.Contains("Couldn't find that certificate: mycert", (await heroku.HerokuAsync("domains:update", "www.shop.example", "--cert", "mycert", "-a", "shop-staging")).Said);
        await AnswersAsync("www.shop.example", "200");

        await heroku.SucceedAsync("maintenance:on", "-a", "shop-staging");
        await AnswersAsync("www.shop.example", "503");
        await heroku.SucceedAsync("maintenance:off", "-a", "shop-staging");
        await AnswersAsync("www.shop.example", "200");

        await heroku.SucceedAsync("domains:remove", "www.shop.example", "-a", "shop-staging");
        await AnswersAsync("www.shop.example", "404");
        await heroku.AskAsync("POST", Domains, new { hostname = "*.shop.example" });
        await AnswersAsync("any.shop.example", "200");
        await heroku.SucceedAsync("domains:clear", "-a", "shop-staging");
        await AnswersAsync("any.shop.example", "404");
    }

    [Fact]
    public async Task A_certificate_of_ones_own_is_served_for_the_domain_it_was_added_for()
    {
        await heroku.MakeAsync("certified");
        Assert.Contains("certified has no SSL certificates.", await heroku.SucceedAsync("certs", "-a", "certified"));
        var (first, second) = (Files("first", "www.cert.example"), Files("second", "www.cert.example", "pay.cert.example"));
        Assert.Contains("belongs to another certificate", (await heroku.HerokuAsync("certs:add", first.Crt, second.Key, "-a", "certified")).Said);
        await heroku.SucceedAsync("certs:add", first.Crt, first.Key, "-a", "certified");
        var name = (await heroku.AskAsync("GET", "/apps/certified/sni-endpoints"))[0].GetProperty("name").GetString()!;

        await heroku.AskAsync("POST", "/apps/certified/domains", new { hostname = "www.cert.example", sni_endpoint = name });
        Assert.Contains("is not among them", (await heroku.HerokuAsync("domains:add", "pay.cert.example", "--cert", name, "-a", "certified")).Said);
        await ServedAsync("www.cert.example", first.Crt);
        Assert.Contains("Domain(s): www.cert.example", await heroku.SucceedAsync("certs:info", "--show-domains", "-a", "certified"));

        Assert.Contains("pay.cert.example", await heroku.SucceedAsync("certs:update", second.Crt, second.Key, "--confirm", "certified", "-a", "certified"));
        await ServedAsync("www.cert.example", second.Crt);
        await heroku.AskAsync("POST", "/apps/certified/domains", new { hostname = "pay.cert.example", sni_endpoint = name });
        await ServedAsync("pay.cert.example", second.Crt);
        await heroku.AskAsync("DELETE", "/apps/certified/sni-endpoints/" + name);
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
    public async Task A_retry_releases_the_newest_slug_once_more_also_one_whose_promotion_failed()
    {
        await heroku.MakeAsync("again-staging", "again", "nothing-to-retry");
        await heroku.MakePipelineAsync("again", ("again-staging", "staging"), ("again", "production"));
        await heroku.AskAsync("PATCH", "/apps/again/features/runtime-dyno-metadata", new { enabled = true });
        // The first release of the target fails by its number; every other one succeeds.
        var pushed = await heroku.Sluice.PushAsync(
            "again-staging", new(SampleApp.Files) { ["Procfile"] = "web: perl server.pl\nrelease: test \"$HEROKU_RELEASE_VERSION\" != v2 && echo \"retried well $GREETING\"\n" },
            TestContext.Current.CancellationToken);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());

        await heroku.AskAsync("PATCH", "/apps/again-staging/config-vars", new { GREETING = "again" });
        Assert.Contains("Running release command... retried well again", await heroku.SucceedAsync("releases:retry", "-a", "again-staging"));
        // The CLI has seen the end of the release command, which is a moment before that of the release.
        JsonElement[] releases = [];
        await HerokuCliWorld.UntilAsync(async () => (releases = await heroku.ReleasesAsync("again-staging"))[0].GetProperty("status").GetString() != "pending");
        Assert.Equal((4, "Retry of v3: Set GREETING config vars"), (releases[0].GetProperty("version").GetInt32(), releases[0].GetProperty("description").GetString()));
        Assert.Equal(releases[2].GetProperty("slug").ToString(), releases[0].GetProperty("slug").ToString());

        Assert.Equal(["failed"], await heroku.PromoteAsync("again-staging"));
        var retried = await heroku.SucceedAsync("releases:retry", "-a", "again");
        Assert.Contains("Retrying v2 on again... done, v3", retried);
        Assert.Contains("Running release command... retried well", retried);
        JsonElement[] targets = [];
        await HerokuCliWorld.UntilAsync(async () => (targets = await heroku.ReleasesAsync("again"))[0].GetProperty("status").GetString() != "pending");
        Assert.Equal(("succeeded", "failed"), (targets[0].GetProperty("status").GetString(), targets[1].GetProperty("status").GetString()));
        Assert.StartsWith("Retry of v2: Promote again-staging v4", targets[0].GetProperty("description").GetString());
        Assert.Contains("App must have a release-phase command", (await heroku.HerokuAsync("releases:retry", "-a", "nothing-to-retry")).Said);
    }

    [Fact]
    public async Task Two_apps_are_compared_by_what_they_run()
    {
        await heroku.MakeAsync("alike");
        Assert.Contains("slug (checksum)", await heroku.SucceedAsync("apps:diff", "alike", "shop-staging"));
    }

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

    /// <summary>A visitor of that host name comes to see this status.</summary>
    private async Task AnswersAsync(string host, string status)
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
