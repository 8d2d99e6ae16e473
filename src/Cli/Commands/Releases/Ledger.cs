using Sluice.Wire;

namespace Sluice.Cli.Commands.Releases;

/// <summary>Reading an app's releases: the newest, or the one that a person names as <c>v3</c>, <c>3</c> or by id.</summary>
internal static class Ledger
{
    public static Task<IReadOnlyList<ReleaseWire>> NewestAsync(Run run, string app, int count, CancellationToken ct) =>
        run.Server.PageAsync<ReleaseWire>(Path(app), $"version ..; order=desc,max={count}", ct);

    public static async Task<ReleaseWire> FindAsync(Run run, string app, string? named, CancellationToken ct) =>
        named is not null
            ? await run.Server.GetAsync<ReleaseWire>($"{Path(app)}/{Uri.EscapeDataString(Version(named))}", ct)
            : (await NewestAsync(run, app, 1, ct)).FirstOrDefault() ?? throw StopException.Failed($"{app} has no releases.");

    public static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}/releases";

    /// <summary><c>3</c> and <c>V3</c> → <c>v3</c>; an id stays, so that a refusal names what was meant.</summary>
    private static string Version(string named) => named.TrimStart('v', 'V') is { Length: > 0 and < 10 } digits && digits.All(char.IsAsciiDigit) ? "v" + digits : named;

    /// <summary>Copies a release phase's output as it comes. False when there is none.</summary>
    public static async Task<bool> StreamOutputAsync(Run run, ReleaseWire release, Action<string> write, CancellationToken ct)
    {
        if (release.OutputStreamUrl is not { } url)
        {
            return false;
        }

        // The stream is there a moment after the release is: 404 until its command has started.
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                await foreach (var line in run.Server.LinesAsync(url, ct))
                {
                    write(line);
                }

                return true;
            }
            catch (SluiceException notYet) when (notYet.Status == 404 && release.Status is "pending")
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), run.Surroundings.Clock, ct);
                release = await run.Server.GetAsync<ReleaseWire>($"{Path(release.App.Name)}/{release.Id}", ct);
            }
            catch (SluiceException none) when (none.Status == 404)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>The same release when it has ended.</summary>
    public static async Task<ReleaseWire> SettledAsync(Run run, string app, ReleaseWire release, CancellationToken ct)
    {
        while (release.Status is "pending")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), run.Surroundings.Clock, ct);
            release = await run.Server.GetAsync<ReleaseWire>($"{Path(app)}/{release.Id}", ct);
        }

        return release;
    }

    /// <summary>What a status means to a person; empty for the ordinary one.</summary>
    public static string Said(ReleaseWire release) => release.Status switch
    {
        "failed" => " (failed)",
        "pending" when release.WaitingFor is { } why => $" (waits: {why})",
        "pending" => " (in progress)",
        "expired" => " (slug no longer kept)",
        _ => "",
    };
}
