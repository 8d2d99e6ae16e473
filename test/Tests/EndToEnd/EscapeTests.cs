using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Runtime;
using Sluice.Tests.House;
using Sluice.Tests.Runtime;

namespace Sluice.Tests.EndToEnd;

/// <summary>An app that is nothing but probes, deployed as any app is: they are tried where it is built, in its release phase, in its dyno and in a one-off dyno, attached and detached, beside a neighbour with a secret.</summary>
public sealed class EscapeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_probe_gets_out_of_a_build_a_release_phase_a_dyno_or_a_one_off()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, without which apps are not isolated.");
        using var host = new Reachable();
        await using var keeper = await Shopkeeper.OpenAsync();
        var secret = Guid.NewGuid().ToString("N");
        await keeper.TypeAsync("create quietneighbour --remote neighbour");
        await keeper.TypeAsync($"config:set SECRET={secret} -a quietneighbour");
        await keeper.PushAsync("neighbour");

        await keeper.TypeAsync("create probes --remote probes");
        await keeper.TypeAsync("config:set -a probes " + string.Join(' ', host.Variables(keeper.Sluice.Data.Root, [secret, "quietneighbour"], AddressesOf(keeper.Sluice.Data)).Select(v => $"{v.Name}={v.Value}")));
        var outside = Path.Combine("/tmp", $"sluice-{Guid.NewGuid():N}");
        await FilesAsync(keeper.Typed.Work, outside);
        await keeper.CommitAsync("Nothing but probes");

        var pushed = Verdicts.In(await keeper.PushAsync("probes"));
        Assert.Equal(2, pushed.Length);
        foreach (var (where, verdicts) in new[]
        {
            ("build", pushed[0]), ("release phase", pushed[1]), ("dyno", Assert.Single(Verdicts.In((await keeper.VisitAsync("probes"))!))),
            ("one-off dyno", Assert.Single(Verdicts.In(await RunAsync(keeper, "probes", "python3 probes.py")))),
            ("detached one-off dyno", await DetachedAsync(keeper)),
        })
        {
            Assert.Equal(pushed[0].Select(v => v.Name), verdicts.Select(v => v.Name));
            Assert.True(verdicts.Select(v => v.Name).Distinct().Count() >= 100);
            Assert.True(verdicts.Where(v => v.IsOpen).Select(v => v.Name).SequenceEqual([Verdicts.Exception]), $"In a {where}: {string.Join(", ", verdicts.Where(v => v.IsOpen).Select(v => v.Name))}");
        }
        Assert.False(Path.Exists(outside));
        Assert.StartsWith("Hello from the shop", await keeper.VisitAsync("quietneighbour"), StringComparison.Ordinal);
    }

    /// <summary>Nobody is attached: what it printed is in the app's log, and there alone.</summary>
    private static async Task<ImmutableArray<Verdict>> DetachedAsync(Shopkeeper keeper)
    {
        await keeper.TypeAsync("run:detached --type detached -a probes -- python3 probes.py");
        var end = Environment.TickCount64 + 120_000;
        while (true)
        {
            var log = await keeper.TypeAsync("logs -n 1500 -s app -d detached -a probes");
            if (log.Contains("]: tried ", StringComparison.Ordinal))
                return Assert.Single(Verdicts.In(log));
            Assert.True(Environment.TickCount64 < end, "Never ended: " + log);
            await Task.Delay(200, Ct);
        }
    }

    private static Task<string> RunAsync(Shopkeeper keeper, string app, string command) =>
        Shell.TextAsync(new Command(Built.Cli, "run", "-a", app, "--", command).With("SLUICE_DATA", keeper.Sluice.Data.Root).With("HOME", keeper.Typed.Home), Ct);

    /// <summary>The sandboxes that run now, at the port of their apps, and the address from which this machine goes out.</summary>
    private static string[] AddressesOf(DataFolder data) =>
    [
        .. Directory.EnumerateFiles(data.Sandboxes, "sandbox.json", SearchOption.AllDirectories)
            .Select(file => JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("Address").GetString() + "/5000"),
    ];

    private static async Task FilesAsync(string work, string outside)
    {
        foreach (var file in Directory.EnumerateFiles(work))
            File.Delete(file);
        await File.WriteAllTextAsync(Path.Combine(work, "probes.py"), Repository.Read(Verdicts.Script), Ct);
        await File.WriteAllTextAsync(Path.Combine(work, "package.json"), """{ "name": "probes", "private": true, "scripts": { "build": "python3 probes.py" } }""", Ct);
        await File.WriteAllTextAsync(Path.Combine(work, "Procfile"), "release: python3 probes.py\nweb: python3 probes.py >index.html 2>&1; exec python3 -m http.server $PORT\n", Ct);
        // A slug may hold any link. None leads anywhere, and what prepares the sandbox makes nothing where they point.
        foreach (var (name, target) in new[] { ("data", "/etc"), ("shadow", "/etc/shadow"), ("old", $"/oldroot{outside}"), ("new", $"/newroot{outside}"), ("up", $"../../../../../..{outside}") })
            File.CreateSymbolicLink(Path.Combine(work, name), target);
    }
}
