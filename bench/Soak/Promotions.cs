using Sluice.Wire;

namespace Sluice.Soak;

/// <summary>Promotions back and forth between two releases of one app while people look at the other: from the word "succeeded" on nobody may see the old one.</summary>
/// <param name="versions">Releases of the source, and the text that each answers.</param>
internal sealed class Promotions(SluiceClient client, SteadyLoad load, string source, string target, params (int Release, string Text)[] versions)
{
    /// <summary>Sentences of promotions that did not succeed; empty when all did.</summary>
    public List<string> Faults { get; } = [];

    public int Done { get; private set; }

    public async Task RunAsync(int count, CancellationToken ct)
    {
        for (var i = 0; i < count; i++)
            await PromoteAsync(versions[i % versions.Length], ct);
    }

    private async Task PromoteAsync((int Release, string Text) to, CancellationToken ct)
    {
        load.Expect([.. versions.Select(v => v.Text)]);
        var made = await client.PostAsync<CreatePromotionWire, PromotionWire>(
            "/pipeline-promotions",
            new CreatePromotionWire(new PromotionFromWire(new AppRefWire(source), new ReleaseRefWire($"v{to.Release}")), [new PromotionToWire(new AppRefWire(target))]), ct);
        while ((await client.GetAsync<PromotionWire>($"/pipeline-promotions/{made.Id}", ct)).Status != "completed")
            await Task.Delay(10, ct);
        foreach (var at in await client.ListAsync<PromotionTargetWire>($"/pipeline-promotions/{made.Id}/promotion-targets", ct))
        {
            if (at.Status != "succeeded")
                Faults.Add($"promotion {Done + 1} of v{to.Release}: {at.Status} {at.ErrorMessage}");
            else
                load.Expect(to.Text);
        }
        Done++;
    }
}
