using Sluice.Tests.Roles;

namespace Sluice.Tests.EndToEnd;

/// <summary>What becomes of a dyno that runs when Sluice is stopped.</summary>
public sealed class StopTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stop_ends_dynos_unless_they_are_to_be_kept_and_the_next_start_adopts_those()
    {
        await using var keeper = await Shopkeeper.OpenAsync(flags: "--keep-dynos");
        var mark = Guid.NewGuid().ToString("N");
        await keeper.TypeAsync("create shop");
        await keeper.TypeAsync($"config:set MARK={mark} -a shop");
        await keeper.PushAsync("sluice");
        var running = ProcessesWith(mark);
        Assert.NotEmpty(running);

        keeper.Sluice.Signal("TERM");
        Assert.Equal(0, await keeper.Sluice.EndAsync());
        Assert.Equal(running, ProcessesWith(mark));

        await using var again = await keeper.Sluice.AgainAsync();
        Assert.Equal(running, ProcessesWith(mark));
        Assert.True(await AnswersAsync(again.Address), again.Said);
        again.Signal("TERM");
        Assert.Equal(0, await again.EndAsync());
        Assert.Empty(ProcessesWith(mark));
    }

    private static async Task<bool> AnswersAsync(Uri address)
    {
        using var visitor = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{address.Port}/") { Headers = { Host = $"shop.localhost:{address.Port}" } };
        using var answer = await visitor.SendAsync(request, Ct);
        return answer.IsSuccessStatusCode;
    }

    /// <summary>The ids of those that have this value in their environment, which only the app's own have.</summary>
    private static int[] ProcessesWith(string value) =>
        [.. Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _) && Environ(d).Contains(value, StringComparison.Ordinal)).Select(d => int.Parse(Path.GetFileName(d))).Order()];

    private static string Environ(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "environ"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
