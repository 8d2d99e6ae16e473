using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>A running Sluice with an app in staging (pushed) and one in production, and every answer that the tests got from it.</summary>
public sealed class ContractWorld : IAsyncLifetime
{
    private readonly List<(string Route, string Path, JsonElement Body)> answers = [];
    private readonly List<(string Method, string Path, string? Body)> asked = [];

    internal RunningSluice Sluice { get; private set; } = null!;
    internal HttpClient Http { get; private set; } = null!;
    internal Contract Contract { get; } = Contract.Read();

    internal IReadOnlyList<(string Route, string Path, JsonElement Body)> Answers => answers;

    /// <summary>What was asked, each once.</summary>
    internal IReadOnlyList<(string Method, string Path, string? Body)> Asked => [.. asked.Distinct()];

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        Sluice = await RunningSluice.StartAsync(alone: false, ct, "--acme", "https://localhost:1/nobody");
        Http = new HttpClient { BaseAddress = Sluice.Url };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Sluice.Key);
        Http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/vnd.heroku+json; version=3.sdk");
    }

    private Task? walk;

    internal Task WalkOnceAsync() => walk ??= new ContractWalk(this).WalkAsync();

    /// <summary>Asks, expects success, and keeps the answer for the contract.</summary>
    internal async Task<JsonElement> AskAsync(string route, string path, object? body = null)
    {
        var method = route.Split(' ')[0];
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        asked.Add((method, path, body is null ? null : JsonSerializer.Serialize(body)));
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.True(answer.Headers.Contains("Request-Id"));
        using var document = JsonDocument.Parse(text);
        answers.Add((route, path, document.RootElement.Clone()));
        return document.RootElement.Clone();
    }

    internal async Task<(int Status, ErrorWire Error)> RefusalAsync(string method, string path, string? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", key);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(text.StartsWith('{'), $"{method} {path}: {(int)answer.StatusCode} {text}");
        return ((int)answer.StatusCode, JsonSerializer.Deserialize(text, WireJson.Default.ErrorWire)!);
    }

    /// <summary>As clients log in: the key as a password, with the account's address.</summary>
    internal async Task<JsonElement> LoginAsync(string email)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/authorizations")
        {
            Content = new StringContent("""{"description": "Login", "expires_in": 60, "scope": ["global"]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{email}:{Sluice.Key}")));
        using var answer = await Http.SendAsync(request);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (Sluice is not null)
            await Sluice.DisposeAsync();
    }

    internal static async Task<byte[]> TarballAsync(string prefix = "")
    {
        using var bytes = new MemoryStream();
        await using (var zip = new System.IO.Compression.GZipStream(bytes, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new System.Formats.Tar.TarWriter(zip))
        {
            foreach (var (name, text) in SampleApp.Files)
            {
                await tar.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, prefix + name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        return bytes.ToArray();
    }

    internal static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var tries = 0; !await done(); tries++)
        {
            Assert.True(tries < 300, "It did not come to pass within 60 s.");
            await Task.Delay(200);
        }
    }

    internal static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;
}
