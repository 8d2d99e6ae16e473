using System.Net;
using System.Text;
using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class SignInTests(DashboardWorld world)
{
    [Fact]
    public async Task A_key_opens_the_door_and_sign_out_everywhere_shuts_it_for_all_browsers()
    {
        await world.OpenAsync();
        var (email, key) = await world.PersonAsync("ada");
        await using var one = await world.VisitorAsync();
        await one.Page.GotoAsync("/");
        Assert.EndsWith("/dashboard/sign-in", one.Page.Url, StringComparison.Ordinal);
        await one.Page.GetByLabel("E-mail").FillAsync(email);
        await one.Page.GetByLabel("Password or key").FillAsync("sluice_wrong");
        await one.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(one.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("do not belong together");

        // Two doors of one browser: whoever went in by the one may still go in by the other.
        var other = await one.Page.Context.NewPageAsync();
        await other.GotoAsync("/dashboard/sign-in?next=/dashboard/account");
        await one.SignInAsync(email, key);
        await other.GetByLabel("E-mail").FillAsync(email);
        await other.GetByLabel("Password or key").FillAsync(key);
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await other.WaitForURLAsync("**/dashboard/account");
        await using var two = await world.VisitorAsync();
        await two.SignInAsync(email, key);
        await Assertions.Expect(two.Page.GetByRole(AriaRole.Heading, new() { Name = "From a push to production" })).ToBeVisibleAsync();
        await two.Page.GetByRole(AriaRole.Button, new() { Name = $"Your account, {email.Split('@')[0]}" }).ClickAsync();
        await two.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
        await two.Page.WaitForURLAsync("**/dashboard/sign-in");
        await one.Page.GotoAsync("/dashboard");
        Assert.EndsWith("/dashboard/sign-in", one.Page.Url, StringComparison.Ordinal);
        Assert.Empty(one.Complaints.Concat(two.Complaints));
    }

    [Fact]
    public async Task A_password_set_on_ones_own_page_opens_the_door_and_a_login_by_the_command_line()
    {
        await world.OpenAsync();
        const string first = "nine green bottles", second = "ten green bottles";
        var (email, key) = await world.PersonAsync("bea");
        await using var bea = await world.VisitorAsync();
        await bea.SignInAsync(email, key);
        await bea.Page.GotoAsync("/dashboard/account");
        await bea.Page.GetByLabel("New password").FillAsync(first);
        await bea.Page.GetByRole(AriaRole.Button, new() { Name = "Set password" }).ClickAsync();
        await Assertions.Expect(bea.Page.GetByRole(AriaRole.Button, new() { Name = "Change password" })).ToBeVisibleAsync();

        await using var elsewhere = await world.VisitorAsync();
        await elsewhere.SignInAsync(email, first);
        Assert.Equal(HttpStatusCode.Created, await LogInAsync(email, first));
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(email, second));

        await bea.Page.GetByLabel("Password now, or a key").FillAsync("not the one at all");
        await bea.Page.GetByLabel("New password").FillAsync(second);
        await bea.Page.GetByRole(AriaRole.Button, new() { Name = "Change password" }).ClickAsync();
        await Assertions.Expect(bea.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "neither your password nor a key" })).ToBeVisibleAsync();
        await bea.Page.GetByLabel("Password now, or a key").FillAsync(first);
        await bea.Page.GetByRole(AriaRole.Button, new() { Name = "Change password" }).ClickAsync();
        await Assertions.Expect(bea.Page.GetByLabel("New password")).ToHaveValueAsync("");
        await elsewhere.Page.GotoAsync("/dashboard");
        Assert.EndsWith("/dashboard/sign-in", elsewhere.Page.Url, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, await LogInAsync(email, second));
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(email, first));
        Assert.Empty(bea.Complaints);
    }

    /// <summary>What <c>heroku login -i</c> sends.</summary>
    private async Task<HttpStatusCode> LogInAsync(string email, string password)
    {
        using var client = new HttpClient { BaseAddress = world.Sluice.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/authorizations")
        {
            Headers = { Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{email}:{password}"))) },
            Content = new StringContent("""{"scope":["global"],"description":"login","expires_in":2592000}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    [Fact]
    public async Task A_form_of_another_site_does_nothing_though_the_browser_is_signed_in()
    {
        await world.OpenAsync();
        await using var victim = await world.AdminAsync();
        var token = await victim.Page.Locator("input[name=form-token]").First.InputValueAsync();
        var (app, path) = (await world.AppAsync("kept"), "");
        path = $"/dashboard/apps/{app}/maintenance";
        var form = new APIRequestContextOptions { MaxRedirects = 0, Headers = new Dictionary<string, string> { ["Origin"] = $"http://{app}.localhost:{world.Sluice.Url.Port}", ["Content-Type"] = "application/x-www-form-urlencoded" }, Data = $"on=yes&form-token={token}" };
        Assert.Equal(403, (await victim.Request.PostAsync(path, form)).Status);
        form.Headers = new Dictionary<string, string> { ["Content-Type"] = "application/x-www-form-urlencoded" };
        form.Data = "on=yes&form-token=guessed";
        Assert.Equal(403, (await victim.Request.PostAsync(path, form)).Status);
        Assert.False((await world.AskAsync(HttpMethod.Get, $"/apps/{app}", null)).GetProperty("maintenance").GetBoolean());
        form.Data = $"on=yes&form-token={token}";
        Assert.Equal(303, (await victim.Request.PostAsync(path, form)).Status);
        Assert.True((await world.AskAsync(HttpMethod.Get, $"/apps/{app}", null)).GetProperty("maintenance").GetBoolean());
        Assert.Equal(401, (await victim.Request.GetAsync("/account")).Status);
    }
}
