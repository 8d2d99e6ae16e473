using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Tests.Roles;

namespace Sluice.Tests.EndToEnd;

/// <summary>
/// Secrets are given to a real server in all the ways there are, used, and their key is replaced; then everything that the platform wrote or shows is
/// searched for them, in each encoding that something may have put them into.
/// </summary>
public sealed class CanaryTests
{
    /// <summary>Not a constant: those are in the binary that is searched, too. It looks different in a URL and in JSON.</summary>
    private static readonly string Canary = $"canary>?{Guid.NewGuid():N}";

    [Fact]
    public async Task Secrets_are_nowhere_on_the_disk_in_logs_or_in_process_lists()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop-staging --remote staging");
        await keeper.TypeAsync("create shop --remote production");
        await keeper.TypeAsync($"config:set SECRET={Canary} -a shop-staging");
        await keeper.TypeAsync($"config:set SECRET=late-{Canary} -a shop");
        await keeper.TypeAsync("pipelines:create shop -a shop-staging -s staging");
        await keeper.TypeAsync("pipelines:add shop -a shop -s production");
        await keeper.PushAsync("staging");
        await keeper.TypeAsync("promote -a shop-staging");
        var token = Regex.Match(await keeper.TypeAsync("authorizations:create --description canary"), @"sluice_\S+|HRKU-\S+").Value;
        Assert.True(token.Length > 30, "no token was shown");
        await keeper.TypeAsync("keys:rotate");
        Assert.Equal(Canary + "\n", await keeper.TypeAsync("config:get SECRET -a shop-staging"));
        Assert.StartsWith("Hello from the shop", await keeper.VisitAsync("shop"), StringComparison.Ordinal);

        var found = new List<string>();
        foreach (var (secret, name) in new[] { (Canary, "config var"), (token, "key") })
        {
            foreach (var (how, bytes) in Encodings(secret))
                found.AddRange(Places(keeper.Sluice).Where(place => place.Bytes.AsSpan().IndexOf(bytes) >= 0).Select(place => $"{name} as {how} in {place.Name}"));
        }
        Assert.Empty(found);
        Assert.Contains(Places(keeper.Sluice), place => place.Bytes.AsSpan().IndexOf("shop-staging"u8) >= 0);   // the search finds what is there
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Places(RunningSluice sluice)
    {
        // Links are not followed; a dyno's output is a pipe, from which nothing can be read twice.
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (var file in Directory.EnumerateFiles(sluice.Data.Root, "*", options))
        {
            if (Path.GetFileName(file) != "output" && Read(file) is { } bytes)
                yield return (Path.GetRelativePath(sluice.Data.Root, file), bytes);
        }
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out var pid) && pid != Environment.ProcessId))
        {
            if (Read(Path.Combine(process, "cmdline")) is { } words)
                yield return ($"the words of process {Path.GetFileName(process)}", words);
        }
        yield return ("what the server printed", Encoding.UTF8.GetBytes(sluice.Said));
    }

    /// <summary>Null for what went away meanwhile.</summary>
    private static byte[]? Read(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>In base 64 a text looks different at each of the three places where it may begin; its ends depend on what stands beside it.</summary>
    private static IEnumerable<(string How, byte[] Bytes)> Encodings(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        yield return ("text", bytes);
        yield return ("UTF-16", Encoding.Unicode.GetBytes(secret));
        yield return ("hex", Ascii(Convert.ToHexStringLower(bytes)));
        yield return ("upper-case hex", Ascii(Convert.ToHexString(bytes)));
        yield return ("a URL", Ascii(Uri.EscapeDataString(secret)));
        yield return ("JSON", JsonEncodedText.Encode(secret).EncodedUtf8Bytes.ToArray());
        yield return ("backwards", [.. bytes.Reverse()]);
        foreach (var before in Enumerable.Range(0, 3))
        {
            var inBase64 = Convert.ToBase64String([.. new byte[before], .. bytes])[4..^4];
            yield return ($"base 64 from place {before}", Ascii(inBase64));
            yield return ($"base 64 for URLs from place {before}", Ascii(inBase64.Replace('+', '-').Replace('/', '_')));
        }
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
