using System.Text;
using System.Text.Json.Nodes;

namespace Sluice.Tests.Api;

/// <summary>The day in the life of two apps once more, each text of each request and each part of each address replaced by what a shell, an option parser, a path or a terminal would take amiss.</summary>
public sealed partial class ContractTests
{
    /// <summary>How many of the texts each place gets, in turn, so that all places together get each of them often.</summary>
    private const int PerPlace = 8;

    [Fact]
    public async Task No_text_of_a_request_reaches_a_shell_or_breaks_the_server()
    {
        await world.WalkOnceAsync();
        await StandAgainAsync();
        var marks = world.Sluice.Scratch("marks");
        File.SetUnixFileMode(marks, (UnixFileMode)Convert.ToInt32("777", 8));
        var (texts, turn, odd, tried) = (Texts(Path.Combine(marks, "mark")), 0, new List<string>(), 0);
        foreach (var (method, path, body) in world.Asked)
        {
            foreach (var (otherPath, otherBody) in Changed(path, body, () => texts[turn++ % texts.Length]))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), otherPath) { Content = otherBody is null ? null : new StringContent(otherBody, Encoding.UTF8, "application/json") };
                using var answer = await world.Http.SendAsync(request);
                tried++;
                if ((int)answer.StatusCode >= 500)
                    odd.Add($"{method} {otherPath} {otherBody}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
        }
        Assert.True(odd.Count == 0, string.Join('\n', odd.Take(20)));
        Assert.True(tried > 1000, $"Only {tried} were tried.");
        Assert.Empty(Directory.EnumerateFileSystemEntries(marks));
    }

    /// <summary>What the day took down at its end.</summary>
    private async Task StandAgainAsync()
    {
        foreach (var name in new[] { "walk", "walk-staging" })
        {
            using var _ = await world.Http.PostAsync("/apps", new StringContent($$"""{ "name": "{{name}}" }""", Encoding.UTF8, "application/json"));
        }
    }

    private static IEnumerable<(string Path, string? Body)> Changed(string path, string? body, Func<string> next)
    {
        var parts = path.Split('/');
        for (var i = 2; i < parts.Length; i++)
        {
            for (var times = 0; times < PerPlace; times++)
                yield return (string.Join('/', parts[..i].Append(Uri.EscapeDataString(next())).Concat(parts[(i + 1)..])), body);
        }
        foreach (var place in body is null ? [] : TextsIn(JsonNode.Parse(body)!).ToArray())
        {
            for (var times = 0; times < PerPlace; times++)
            {
                var changed = JsonNode.Parse(body!)!;
                Put(changed, place, next());
                yield return (path, changed.ToJsonString());
            }
        }
    }

    private static IEnumerable<string> TextsIn(JsonNode node) => node switch
    {
        JsonObject members => members.Where(m => m.Value is not null).SelectMany(m => TextsIn(m.Value!)),
        JsonArray items => items.OfType<JsonNode>().SelectMany(TextsIn),
        JsonValue value when value.TryGetValue<string>(out string? _) => [value.GetPath()],
        _ => [],
    };

    private static void Put(JsonNode node, string place, string text)
    {
        switch (node)
        {
            case JsonValue value when value.GetPath() == place:
                value.ReplaceWith(text);
                break;
            case JsonObject members:
                foreach (var member in members.Select(m => m.Value).OfType<JsonNode>().ToArray())
                    Put(member, place, text);
                break;
            case JsonArray items:
                foreach (var item in items.OfType<JsonNode>().ToArray())
                    Put(item, place, text);
                break;
        }
    }

    private static string[] Texts(string mark) =>
    [
        $";touch {mark}", $"$(touch {mark})", $"`touch {mark}`", $"\ntouch {mark}\n", $"| touch {mark}", $"& touch {mark} &", $"&& touch {mark}", $"|| touch {mark}", $"';touch {mark};'", $"\";touch {mark};\"",
        $"$(touch${{IFS}}{mark})", $"{{touch,{mark}}}", $"x;touch {mark}#", $"%0atouch {mark}", $"\r\ntouch {mark}\r\n", $"a\0;touch {mark}", $"> {mark}", $">> {mark}", $"<({mark})", $"!touch {mark}",
        $"--upload-pack=touch {mark}", $"--exec=touch {mark}", $"-oProxyCommand=touch {mark}", $"--output={mark}", $"-o{mark}", "--help", "-x", "--", "-", $"ext::sh -c touch% {mark}",
        "@/etc/passwd", "@{u}", "../../../../etc/passwd", "..", ".", "/etc/passwd", "file:///etc/passwd", "~root", "*", "?", "[a-z]*", "\\\\host\\share", "con", ".git", "HEAD", "refs/heads/../../x", "a..b", "a.lock",
        "' OR 1=1 --", "'; DROP TABLE apps; --", "%s%s%s%n", "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "<img src=x onerror=alert(1)>", "\u001b]52;c;eA==\a", "\u001b[2J", "\u202e", "\ud7ff\uffff", "\u00a0", new string('a', 9000), "", " ", "null", "-1", "1e309",
    ];
}
