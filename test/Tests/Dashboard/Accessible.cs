using System.Text.Json;
using Microsoft.Playwright;
using Sluice.Tests.HerokuCli;
using Sluice.Tests.House;

namespace Sluice.Tests.Dashboard;

/// <summary>axe-core: what it finds on a page, a line each. It is run by the browser's debugger, since the content policy lets no other script in.</summary>
internal static class Accessible
{
    private static readonly string Folder = Path.Combine(Repository.Root, "test/dashboard");

    public static Task InstallAsync(CancellationToken ct) => HerokuCliWorld.InstallAsync(Folder, ct);

    /// <param name="rules">Which to check; all of WCAG 2.2 AA and of axe's own advice when none is named.</param>
    public static async Task<IReadOnlyList<string>> FaultsAsync(IPage page, params string[] rules)
    {
        await page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(Folder, "node_modules/axe-core/axe.min.js")) + "; undefined");
        var found = await page.EvaluateAsync<string>(
            """
            async rules => JSON.stringify((await axe.run(document, { resultTypes: ['violations'], runOnly: rules.length ? { type: 'rule', values: rules } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
                .flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ' ' + n.html.slice(0, 160))))
            """, rules);
        return JsonSerializer.Deserialize<string[]>(found)!;
    }
}
