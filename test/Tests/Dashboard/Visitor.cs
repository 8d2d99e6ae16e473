using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

/// <summary>Somebody at a browser window. What the page's own scripts complain about is kept.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext context;

    private Visitor(IBrowserContext context, IPage page)
    {
        (this.context, Page) = (context, page);
        page.Console += (_, message) => Note(message.Type == "error" ? message.Text : null);
        page.PageError += (_, error) => Note(error);
    }

    public IPage Page { get; }

    /// <summary>Errors of scripts, and what the content policy refused.</summary>
    public List<string> Complaints { get; } = [];

    internal static async Task<Visitor> OpenAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        return new Visitor(context, page);
    }

    public async Task SignInAsync(string email, string key)
    {
        await Page.GotoAsync("/");
        await Page.GetByLabel("E-mail").FillAsync(email);
        await Page.GetByLabel("Password or key").FillAsync(key);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Page.WaitForURLAsync(url => !url.Contains("sign-in", StringComparison.Ordinal));
    }

    /// <summary>Somebody else's form sent with this one's cookies.</summary>
    public IAPIRequestContext Request => context.APIRequest;

    public ValueTask DisposeAsync() => new(context.CloseAsync());

    private void Note(string? complaint)
    {
        // A search that is replaced by the next letter is given up on purpose.
        if (complaint is not null && !complaint.Contains("Failed to load resource", StringComparison.Ordinal) && !complaint.StartsWith("htmx:sendAbort", StringComparison.Ordinal) && !complaint.StartsWith("htmx:afterRequest", StringComparison.Ordinal))
            Complaints.Add(complaint);
    }
}
