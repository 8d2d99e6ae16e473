using Sluice.Runtime;
using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

/// <summary>The server's client and the agent's operations, over the real socket.</summary>
public sealed class SlugClientTests : IAsyncLifetime
{
    private readonly SlugFolder slugs = new(inMemory: true);
    private readonly CancellationTokenSource stop = new();
    private readonly SlugClient client;
    private Task serving = Task.CompletedTask;

    public SlugClientTests() => client = new(new AgentClient(slugs.Data));

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(slugs.Data.Run);
        Directory.CreateDirectory(slugs.Data.Uploads);
        serving = new AgentHost(slugs.Data).MapSlugs(slugs.Store, slugs.Data).ServeAsync(stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await serving.ContinueWith(_ => { }, TaskScheduler.Default);
        stop.Dispose();
        slugs.Dispose();
    }

    [Fact]
    public async Task An_upload_becomes_a_slug_that_can_be_looked_at_compared_exported_verified_and_collected()
    {
        var one = await Upload("one", new TarBytes().File("a", "1").File("b", "2"));
        var two = await Upload("two", new TarBytes().File("a", "1").File("b", "3").File("c"));

        Assert.StartsWith("stack debian-12\nfile 644 1 ", await client.ManifestAsync(one.Digest, SlugFolder.Ct), StringComparison.Ordinal);
        var comparison = await client.CompareAsync(one.Digest, two.Digest, SlugFolder.Ct);
        Assert.Equal("+c -  ~b", $"+{string.Join(' ', comparison.Added)} -{string.Join(' ', comparison.Removed)}  ~{string.Join(' ', comparison.Changed)}");
        Assert.Empty(await client.VerifyAsync(one.Digest, SlugFolder.Ct));
        var export = new MemoryStream();
        await client.ExportAsync(two.Digest, export, SlugFolder.Ct);
        File.WriteAllBytes(Path.Combine(slugs.Data.Uploads, "again"), export.ToArray());
        Assert.Equal(two, await client.ImportAsync("again", "debian-12", 1024, SlugFolder.Ct));
        Assert.Equal(1, await client.CollectAsync([two.Digest], SlugFolder.Ct));
        Assert.Null(await client.ManifestAsync(one.Digest, SlugFolder.Ct));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("missing")]
    public async Task An_upload_is_named_by_a_plain_name(string name) =>
        await Assert.ThrowsAsync<RefusedException>(() => client.ImportAsync(name, "debian-12", 1024, SlugFolder.Ct));

    [Fact]
    public async Task A_link_among_the_uploads_is_not_followed()
    {
        var outside = Path.Combine(slugs.Data.Root, "secret.tar");
        File.WriteAllBytes(outside, new TarBytes().File("a").End());
        File.CreateSymbolicLink(Path.Combine(slugs.Data.Uploads, "link"), outside);
        await Assert.ThrowsAsync<AgentException>(() => client.ImportAsync("link", "debian-12", 1024, SlugFolder.Ct));
    }

    private Task<SlugMade> Upload(string name, TarBytes tar)
    {
        File.WriteAllBytes(Path.Combine(slugs.Data.Uploads, name), TarBytes.Gzip(tar.End()));
        return client.ImportAsync(name, "debian-12", 1024, SlugFolder.Ct);
    }
}
