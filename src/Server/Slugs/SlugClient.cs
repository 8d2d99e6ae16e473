using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Sluice.Runtime;

namespace Sluice.Slugs;

/// <summary>The server's way to the slug store, which lives in the agent. Same words as <see cref="SlugStore"/>.</summary>
public sealed class SlugClient(AgentClient agent)
{
    /// <summary>Makes a slug of a tar (plain or gzip) that lies in <c>DIR/uploads</c> under a plain name.</summary>
    /// <param name="maxMb">More than that is refused.</param>
    public Task<SlugMade> ImportAsync(string uploadName, string stack, long maxMb, CancellationToken ct) =>
        agent.CallAsync<SlugImport, SlugMade>("slug.import", new(uploadName, stack, maxMb), null, ct);

    /// <summary>The slug as tar.gz, files under <c>./app/</c>.</summary>
    public Task ExportAsync(SlugDigest slug, Stream output, CancellationToken ct) =>
        agent.CallAsync<SlugAsk, Done>("slug.export", new(slug), bytes => output.WriteAsync(bytes, ct), ct);

    /// <summary>Canonical text; null when the store lacks that slug.</summary>
    public async Task<string?> ManifestAsync(SlugDigest slug, CancellationToken ct)
    {
        using var text = new MemoryStream();
        var answer = await agent.CallAsync<SlugAsk, SlugFound>("slug.manifest", new(slug), bytes => text.WriteAsync(bytes, ct), ct);
        return answer.Found ? Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length) : null;
    }

    /// <summary>What going from one slug to another adds, removes and changes.</summary>
    public async Task<SlugComparison> CompareAsync(SlugDigest before, SlugDigest after, CancellationToken ct)
    {
        using var json = new MemoryStream();
        await agent.CallAsync<SlugCompare, Done>("slug.compare", new(before, after), bytes => json.WriteAsync(bytes, ct), ct);
        return JsonSerializer.Deserialize<SlugComparison>(json.GetBuffer().AsSpan(0, (int)json.Length), AgentClient.Json)!;
    }

    /// <summary>Removes every slug but these; answers the bytes freed.</summary>
    public async Task<long> CollectAsync(IEnumerable<SlugDigest> keep, CancellationToken ct) =>
        (await agent.CallAsync<SlugCollect, SlugCollected>("slug.collect", new([.. keep]), null, ct)).Bytes;

    /// <summary>Null when the slug's files are there, as far as a look at each shows; else the rest of a sentence that begins with "its slug".</summary>
    public async Task<string?> LackAsync(SlugDigest slug, CancellationToken ct) =>
        (await agent.CallAsync<SlugAsk, SlugLack>("slug.lack", new(slug), null, ct)).Lack;

    /// <summary>Hashes the slug's files as they are on disk; the damaged paths, empty when all is well.</summary>
    public async Task<ImmutableArray<string>> VerifyAsync(SlugDigest slug, CancellationToken ct) =>
        (await agent.CallAsync<SlugAsk, SlugVerified>("slug.verify", new(slug), null, ct)).Damaged;
}
