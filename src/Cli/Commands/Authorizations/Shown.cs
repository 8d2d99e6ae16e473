using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

/// <summary>One key as people are shown it.</summary>
internal static class Shown
{
    public static string Path(string id) => $"/oauth/authorizations/{Uri.EscapeDataString(id)}";

    public static void Show(this AuthorizationWire key, Run run, bool json)
    {
        if (json)
        {
            run.Json(key);
            return;
        }

        var table = new Table();
        table.Add("Client:", key.Client?.Name ?? "<none>");
        table.Add("ID:", key.Id.ToString());
        table.Add("Description:", key.Description);
        table.Add("Scope:", string.Join(',', key.Scope));
        if (key.AccessToken is { } token)
        {
            table.Add("Token:", token.Token);
            if (token.ExpiresIn is { } seconds)
            {
                table.Add("Expires at:", $"{run.Surroundings.Clock.GetUtcNow().AddSeconds(seconds):yyyy-MM-dd HH:mm:ss} UTC");
            }
        }

        table.Add("Updated at:", run.Ago(key.UpdatedAt));
        table.Print(run.Terminal);
    }
}
