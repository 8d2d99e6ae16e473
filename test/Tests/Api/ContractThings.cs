using System.Text.Json;
using static Sluice.Tests.Api.ContractWorld;

namespace Sluice.Tests.Api;

/// <summary>The smaller things of an account and of an app.</summary>
internal sealed class ContractThings(ContractWorld world)
{
    public async Task OfAnAccountAsync()
    {
        const string Keys = "/oauth/authorizations", SshKeys = "/account/keys";
        var made = await world.AskAsync("POST /oauth/authorizations", Keys, new { description = "laptop", scope = new[] { "read", "write" }, expires_in = "3600" });
        var key = $"{Keys}/{Text(made, "id")}";
        Assert.StartsWith("sluice_", Text(made.GetProperty("access_token"), "token"));
        await world.AskAsync("GET /oauth/authorizations", Keys);
        await world.AskAsync("GET /oauth/authorizations/{authorization}", key);
        await world.AskAsync("GET /oauth/authorizations/{authorization}", Keys + "/~");
        await world.AskAsync("PATCH /oauth/authorizations/{authorization}", key, new { description = "old laptop" });
        await world.AskAsync("POST /oauth/authorizations/{authorization}/actions/regenerate-tokens", key + "/actions/regenerate-tokens");
        await world.AskAsync("DELETE /oauth/authorizations/{authorization}", key);

        var login = await world.LoginAsync("admin@localhost");
        await world.AskAsync("GET /oauth/sessions", "/oauth/sessions");
        await world.AskAsync("DELETE /oauth/sessions/{session}", "/oauth/sessions/" + Text(login.GetProperty("session"), "id"));

        var ssh = await world.AskAsync("POST /account/keys", SshKeys, new { public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi ada@laptop\n" });
        await world.AskAsync("GET /account/keys", SshKeys);
        await world.AskAsync("GET /account/keys/{key}", $"{SshKeys}/{Text(ssh, "id")}");
        await world.AskAsync("GET /account/keys/{key}", $"{SshKeys}/{Uri.EscapeDataString(Text(ssh, "fingerprint"))}");
        await world.AskAsync("DELETE /account/keys/{key}", $"{SshKeys}/{Text(ssh, "id")}");

        await world.AskAsync("PATCH /account/features/{feature}", "/account/features/pipelines", new { enabled = true });
        await world.AskAsync("GET /account/features/{feature}", "/account/features/pipelines");
        await world.AskAsync("GET /account/features", "/account/features");

        await world.AskAsync("GET /buildpacks", "/buildpacks?in[namespace][]=heroku&like[description]=node");
        foreach (var more in new[] { "", "/revisions", "/readme" })
            await world.AskAsync("GET /buildpacks/{buildpack}" + more, "/buildpacks/heroku%2Fnodejs" + more);
    }

    public async Task OfAnAppAsync(string app)
    {
        var at = "/apps/" + app;
        await world.AskAsync("GET /apps/{name}/features/{feature}", at + "/features/preboot");
        await world.AskAsync("PATCH /apps/{name}/features/{feature}", at + "/features/runtime-dyno-metadata", new { enabled = true });
        var domain = await world.AskAsync("POST /apps/{name}/domains", at + "/domains", new { hostname = "WWW.Walk.example", sni_endpoint = (string?)null });
        Assert.Equal(("www.walk.example", app + ".localhost"), (Text(domain, "hostname"), Text(domain, "cname")));
        var pair = Apps.TestCertificate.For("www.walk.example");
        var certificate = Text(await world.AskAsync("POST /apps/{name}/sni-endpoints", at + "/sni-endpoints", new { certificate_chain = pair.Chain, private_key = pair.Key }), "name");
        await world.AskAsync("PATCH /apps/{name}/domains/{domain}", at + "/domains/www.walk.example", new { sni_endpoint = certificate });
        await world.AskAsync("PATCH /apps/{name}/sni-endpoints/{endpoint}", $"{at}/sni-endpoints/{certificate}", new { certificate_chain = pair.Chain, private_key = pair.Key });
        await world.AskAsync("GET /apps/{name}/sni-endpoints/{endpoint}", $"{at}/sni-endpoints/{certificate}");
        await world.AskAsync("GET /apps/{name}/sni-endpoints", at + "/sni-endpoints");
        foreach (var verb in new[] { "POST", "PATCH" })
            Assert.True((await world.AskAsync(verb + " /apps/{name}/acm", at + "/acm", new { acm_refresh = true })).GetProperty("acm").GetBoolean());
        await world.AskAsync("GET /apps/{name}/domains", at + "/domains");
        Assert.False((await world.AskAsync("DELETE /apps/{name}/acm", at + "/acm")).GetProperty("acm").GetBoolean());
        foreach (var name in new[] { Text(domain, "id"), "www.walk.example", app + ".localhost" })
            await world.AskAsync("GET /apps/{name}/domains/{domain}", $"{at}/domains/{name}");
        await world.AskAsync("PATCH /apps/{name}/domains/{domain}", at + "/domains/www.walk.example", new { sni_endpoint = (string?)null });
        await world.AskAsync("DELETE /apps/{name}/domains/{domain}", at + "/domains/www.walk.example");
        await world.AskAsync("DELETE /apps/{name}/sni-endpoints/{endpoint}", $"{at}/sni-endpoints/{certificate}");

        const string Receiver = "https://me:pa%2Fss@logs.example.com/in?key=1";
        var drain = await world.AskAsync("POST /apps/{name}/log-drains", at + "/log-drains", new { url = Receiver });
        Assert.Equal(Receiver, Text(drain, "url"));
        await world.AskAsync("GET /apps/{name}/log-drains", at + "/log-drains");
        foreach (var name in new[] { Text(drain, "id"), Text(drain, "token") })
            Assert.Equal(Receiver, Text(await world.AskAsync("GET /apps/{name}/log-drains/{drain}", $"{at}/log-drains/{name}"), "url"));
        await world.AskAsync("POST /apps/{name}/log-drains", at + "/log-drains", new { url = "syslog+tls://logs.example.com:6514" });
        await world.AskAsync("DELETE /apps/{name}/log-drains/{drain}", $"{at}/log-drains/{Uri.EscapeDataString("syslog+tls://logs.example.com:6514")}");
        await world.AskAsync("DELETE /apps/{name}/log-drains/{drain}", $"{at}/log-drains/{Uri.EscapeDataString(Receiver)}");
    }
}
