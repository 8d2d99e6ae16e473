using System.Text.RegularExpressions;

namespace Sluice.Tests.Api;

/// <summary>A key does what its scope says and no more, on every route there is.</summary>
public sealed partial class ScopeTests(ContractWorld world) : IClassFixture<ContractWorld>
{
    public static TheoryData<string, string> WhatAScopeAllows => new()
    {
        { "identity", "identity" },
        { "read", "identity read" },
        { "write", "identity read write" },
        { "read-protected", "identity read GET-protected" },
        { "write-protected", "identity read write GET-protected PATCH-protected" },
    };

    [Theory, MemberData(nameof(WhatAScopeAllows))]
    public async Task Every_route_lets_in_the_keys_that_reach_it_and_no_others(string scope, string allowed)
    {
        var key = await KeyAsync(scope);
        foreach (var (route, promise) in world.Contract.Routes.Where(r => r.Value.Needs != "open"))
        {
            var (method, path) = (route.Split(' ')[0], Hole().Replace(route.Split(' ')[1].Replace("{session}", "~", StringComparison.Ordinal), "nothing"));
            var wanted = promise.Reach == "protected" ? $"{method}-protected" : promise.Reach;
            var (status, message) = await AskAsync(key, method, path);
            var isRefused = status == 403 && message.Contains($"This key's scope is {scope}", StringComparison.Ordinal);
            Assert.True(isRefused != allowed.Split(' ').Contains(wanted), $"{scope} {route} ({wanted}): {status} {message}");
        }
    }

    [Fact]
    public async Task Scopes_add_up_and_words_that_are_none_are_refused()
    {
        var key = await KeyAsync("identity", "write");
        Assert.Equal(404, (await AskAsync(key, "DELETE", "/apps/nothing")).Status);
        var (status, error) = await world.RefusalAsync("POST", "/oauth/authorizations", """{"scope": ["root", "read"], "expires_in": "soon"}""");
        Assert.Equal(422, status);
        Assert.Contains("There is no scope root", error.Message, StringComparison.Ordinal);
        Assert.Contains("expires_in is a whole number of seconds", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_may_only_read_cannot_push_and_one_that_may_only_say_who_it_is_cannot_fetch()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "fetched" });
        var (reader, nobody) = (await KeyAsync("read"), await KeyAsync("identity"));
        Assert.Equal(200, await GitAsync(reader, "git-upload-pack"));
        Assert.Equal(403, await GitAsync(reader, "git-receive-pack"));
        Assert.Equal(403, await GitAsync(nobody, "git-upload-pack"));
        Assert.Equal(200, await GitAsync(await KeyAsync("write"), "git-receive-pack"));
    }

    [Fact]
    public async Task A_key_ends_itself_by_logging_out_only_if_a_login_made_it()
    {
        var reader = await KeyAsync("read");
        Assert.Equal(404, (await AskAsync(reader, "DELETE", "/oauth/sessions/~")).Status);
        Assert.Equal(200, (await AskAsync(reader, "GET", "/account")).Status);
    }

    [Fact]
    public async Task No_list_shows_a_key_again()
    {
        var key = await KeyAsync("read");
        var list = (await world.AskAsync("GET /oauth/authorizations", "/oauth/authorizations")).ToString();
        Assert.DoesNotContain(key, list, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Sluice.Key, list, StringComparison.Ordinal);
        Assert.Contains("sluice_**********" + key[^4..], list, StringComparison.Ordinal);
    }

    private async Task<string> KeyAsync(params string[] scope) =>
        (await world.AskAsync("POST /oauth/authorizations", "/oauth/authorizations", new { scope })).GetProperty("access_token").GetProperty("token").GetString()!;

    private async Task<(int Status, string Message)> AskAsync(string key, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        if (method != "GET")
            request.Content = new StringContent("""{"name": "!"}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await world.Http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<int> GitAsync(string key, string service)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/fetched.git/info/refs?service={service}");
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("me:" + key)));
        using var answer = await world.Http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();
}
