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

        await one.SignInAsync(email, key);
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
