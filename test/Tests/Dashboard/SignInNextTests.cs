using System.Net;
using System.Text.RegularExpressions;
using Sluice.Tests.Api;

namespace Sluice.Tests.Dashboard;

/// <summary>A link to the sign-in page says where to go on: to a page of ours, and nowhere else.</summary>
public sealed partial class SignInNextTests
{
    private static readonly string[] Elsewhere =
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example/dashboard/", "///evil.example", "javascript:alert(1)", "@evil.example",
        "/dashboard//../..//evil.example", "/dashboard/..\\..\\evil.example", "/dashboard\r\nX-Evil: 1", "/dashboard\t//evil.example", "/dashboard.evil.example", "/dashboard@evil.example", " //evil.example", "",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_signs_in_goes_on_to_a_page_of_ours_whatever_the_link_said()
    {
        await using var sluice = await RunningSluice.StartAsync(alone: false, Ct);
        Assert.Equal(("/dashboard/account", "/dashboard/account"), await WhereToAsync(sluice, "/dashboard/account"));
        foreach (var next in Elsewhere)
            Assert.Equal((next, ("/dashboard", "/dashboard")), (next, await WhereToAsync(sluice, next)));
    }

    /// <summary>By the form, sent with those very words, and then by the link alone.</summary>
    private static async Task<(string? Form, string? Link)> WhereToAsync(RunningSluice sluice, string next)
    {
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = sluice.Url };
        var link = "/dashboard/sign-in?next=" + Uri.EscapeDataString(next);
        var fields = Hidden().Matches(await browser.GetStringAsync(link, Ct)).ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
        Assert.Equal(next == "/dashboard/account" ? next : "/dashboard", fields["next"]);
        using var form = await browser.PostAsync("/dashboard/sign-in", new FormUrlEncodedContent(new Dictionary<string, string>(fields) { ["next"] = next, ["email"] = "admin@localhost", ["key"] = sluice.Key }), Ct);
        using var again = await browser.GetAsync(link, Ct);
        return (Target(form), Target(again));
    }

    private static string? Target(HttpResponseMessage answer) => answer.Headers.TryGetValues("Location", out var places) ? Assert.Single(places) : $"none ({(int)answer.StatusCode})";

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
