using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

public sealed class SlugCollectionTests : IDisposable
{
    private readonly SlugFolder slugs = new(inMemory: true);
    private readonly SettableClock clock = new();

    public void Dispose() => slugs.Dispose();

    [Fact]
    public async Task What_is_kept_stays_whole_and_the_rest_goes()
    {
        var kept = await slugs.PutAsync(("shared", "shared"), ("a", "only in a"));
        var gone = await slugs.PutAsync(("shared", "shared"), ("b", "only in b"));
        await slugs.Store.LayOutAsync(gone.Digest, SlugFolder.Ct);

        Assert.Equal("only in b".Length, await slugs.Store.CollectAsync([kept.Digest], SlugFolder.Ct));

        Assert.Null(await slugs.Store.ManifestAsync(gone.Digest, SlugFolder.Ct));
        Assert.Empty(Directory.GetDirectories(slugs.Data.LayOuts));
        Assert.Equal(2, Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories).Length);
        Assert.Empty(await slugs.Store.VerifyAsync(kept.Digest, SlugFolder.Ct));
        Assert.Equal(0, await slugs.Store.CollectAsync([kept.Digest], SlugFolder.Ct));
    }

    [Fact]
    public async Task What_was_collected_can_be_put_again()
    {
        var made = await slugs.PutAsync(("a", "1"), ("b", "2"));
        await slugs.Store.CollectAsync([], SlugFolder.Ct);
        Assert.Equal(made, await slugs.PutAsync(("a", "1"), ("b", "2")));
        Assert.Equal("1", File.ReadAllText(Path.Combine(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct), "a")));
    }

    [Fact]
    public async Task Caches_stay()
    {
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(("a", "cached")), Libc.Uid, SlugFolder.Ct);
        Assert.Equal(0, await slugs.Store.CollectAsync([], SlugFolder.Ct));
        var folder = slugs.NewFolder();
        await slugs.Store.LayOutCacheAsync("app-1", folder, Libc.Uid, SlugFolder.Ct);
        Assert.Equal("cached", File.ReadAllText(Path.Combine(folder, "a")));
    }

    [Fact]
    public async Task A_broken_cache_does_not_stop_a_collection_and_a_broken_kept_slug_does()
    {
        var kept = await slugs.PutAsync(("a", "kept"));
        File.WriteAllText(Path.Combine(slugs.Data.Caches, "app-1"), "stack cache\nfile 6");
        Assert.Equal(0, await slugs.Store.CollectAsync([kept.Digest], SlugFolder.Ct));
        Assert.Empty(Directory.GetFiles(slugs.Data.Caches));

        File.WriteAllText(Path.Combine(slugs.Data.Slugs, "manifests", kept.Digest.Hex), "stack debian-12\n");
        await Assert.ThrowsAsync<IOException>(() => slugs.Store.CollectAsync([kept.Digest], SlugFolder.Ct));
        Assert.Single(Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_young_slug_stays_since_its_row_may_be_on_its_way()
    {
        slugs.Reopen(new(slugs.Data, clock) { Grace = TimeSpan.FromHours(1) });
        var made = await slugs.PutAsync(("a", "1"));
        clock.Now += TimeSpan.FromMinutes(59);
        await slugs.Store.CollectAsync([], SlugFolder.Ct);
        Assert.NotNull(await slugs.Store.ManifestAsync(made.Digest, SlugFolder.Ct));

        await slugs.PutAsync(("a", "1"));   // again: its hour starts anew
        clock.Now += TimeSpan.FromMinutes(59);
        await slugs.Store.CollectAsync([], SlugFolder.Ct);
        Assert.NotNull(await slugs.Store.ManifestAsync(made.Digest, SlugFolder.Ct));

        clock.Now += TimeSpan.FromMinutes(2);
        await slugs.Store.CollectAsync([], SlugFolder.Ct);
        Assert.Null(await slugs.Store.ManifestAsync(made.Digest, SlugFolder.Ct));
    }

    [Fact]
    public async Task Puts_beside_a_collection_lose_nothing_even_of_what_was_about_to_go()
    {
        slugs.Reopen(new(slugs.Data, clock) { Grace = TimeSpan.FromHours(1) });
        for (var round = 0; round < 25; round++)
        {
            var files = Enumerable.Range(0, 150).Select(i => ($"f{i}", $"{round} {i}")).ToArray();
            await slugs.PutAsync(files);
            clock.Now += TimeSpan.FromHours(2);
            var cached = slugs.Tree(files);

            var puts = Enumerable.Range(0, 3).Select(n => Task.Run(() => slugs.PutAsync([.. files, ("more", $"{round} {n}")]))).ToArray();
            var collected = Task.Run(() => slugs.Store.CollectAsync([], SlugFolder.Ct));
            await slugs.Store.KeepCacheAsync("app", cached, Libc.Uid, SlugFolder.Ct);
            foreach (var made in await Task.WhenAll(puts))
            {
                Assert.Empty(await slugs.Store.VerifyAsync(made.Digest, SlugFolder.Ct));
                Assert.Equal(151, Directory.GetFiles(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct)).Length);
            }
            await collected;
            var folder = slugs.NewFolder();
            await slugs.Store.LayOutCacheAsync("app", folder, Libc.Uid, SlugFolder.Ct);
            Assert.Equal(150, Directory.GetFiles(folder).Length);
        }
    }

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
