using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sluice.Soak;

/// <summary>A request to the API: <paramref name="Route"/> is what it was made from.</summary>
internal sealed record ApiRequest(string Route, string Method, string Path, byte[]? Body, string ContentType, (string Name, string Value)[] Headers);

/// <summary>
/// Requests over every route of the contract: addresses, queries and bodies made of what exists, of what could, and of what never should. Learns ids, names and
/// member names from the answers that it is shown.
/// </summary>
internal sealed class ApiGrammar(int seed, IReadOnlyList<string> routes)
{
    private const int MostLearnt = 400;
    private static readonly string[] Hostile =
    [
        "", " ", "..", "../..", "%00", "%2e%2e%2f", "~", "*", "-x", "--upload-pack=touch", ";id", "$(id)", "`id`", "'\"", "<img src=x>", "\u202e", "\u0000", "\ufeff", "a\r\nb: c", "null", "true", "0", "-1", "1e999",
        "99999999999999999999", "v0", "v-1", "v99999999999", "00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "{00000000-0000-0000-0000-000000000000}", "http://127.0.0.1:1/x.tgz", "http://[::ffff:127.0.0.1]:1/",
        "file:///etc/passwd", "gopher://127.0.0.1", "syslog://127.0.0.1:1", "https://x.invalid/", "refs/heads/main", "x.localhost", "*.localhost", "xn--", "a.b.c.d.example", "🦆", "\ud83e", "İ", "ß",
    ];
    private static readonly string[] Members =
    [
        "name", "app", "apps", "pipeline", "stage", "stages", "source", "target", "targets", "release", "slug", "id", "owner", "type", "email", "team", "role", "permissions", "user", "config", "quantity", "size", "updates", "process_types", "command",
        "hostname", "url", "description", "scope", "expires_in", "maintenance", "stack", "region", "buildpacks", "buildpack", "source_blob", "checksum", "version", "commit", "enabled", "lines", "tail", "dyno", "env", "attach", "time_to_live", "from", "to",
        "after", "before", "all_or_nothing", "skip", "if_current", "certificate_chain", "private_key", "sni_endpoint", "public_key", "overrides", "recipient", "invited", "FOO",
    ];
    private static readonly string[] Odd = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"];

    private readonly Random random = new(seed);
    private readonly List<string> learnt = [];

    public ApiRequest Next()
    {
        var route = routes[random.Next(routes.Count)];
        var (method, path) = (route[..route.IndexOf(' ', StringComparison.Ordinal)], route[(route.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        method = method.Contains(',', StringComparison.Ordinal) ? "GET" : method;
        if (IsOdd(40) || method == "*")
            method = Odd[random.Next(Odd.Length)];
        var body = method is "GET" or "HEAD" && !IsOdd(30) ? null : IsOdd(20) ? null : Body();
        return new ApiRequest(route, method, Filled(path) + Query(), body, IsOdd(20) ? Word() : "application/json", Headers());
    }

    /// <summary>Whatever is text in an answer may be named in a later request.</summary>
    public void Learn(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            Learn(json.RootElement, 0);
        }
        catch (JsonException)
        {
            // Cut, or no JSON.
        }
    }

    private void Learn(JsonElement value, int depth)
    {
        if (depth > 6)
            return;
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray().Take(3))
                Learn(item, depth + 1);
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
                Learn(member.Value, depth + 1);
        }
        else if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 1 and < 200 } text)
        {
            if (learnt.Count < MostLearnt)
                learnt.Add(text);
            else
                learnt[random.Next(MostLearnt)] = text;
        }
    }

    private string Filled(string path)
    {
        var text = new StringBuilder();
        foreach (var part in path.Split('/').Skip(1))
            text.Append('/').Append(part.Contains('{', StringComparison.Ordinal) ? Escaped(Word()) : part);
        return IsOdd(40) ? text.Append(Sendable(Hostile[random.Next(Hostile.Length)])).ToString() : text.ToString();
    }

    /// <summary>.NET's client sends what its buffer held before in the place of anything but visible ASCII, another request's head for one.</summary>
    private static string Sendable(string word) => string.Concat(word.Where(c => !char.IsSurrogate(c)).Select(c => c is > ' ' and < '\u007f' ? $"{c}" : Uri.EscapeDataString($"{c}")));

    /// <summary>As a person's client would send it, or nearly.</summary>
    private string Escaped(string word) => IsOdd(10) ? word.Where(c => c is > ' ' and < '\u007f' and not ('?' or '#')).Aggregate("", (a, c) => a + c) : Uri.EscapeDataString(word.Where(c => !char.IsSurrogate(c)).Aggregate("", (a, c) => a + c));

    private string Query()
    {
        if (!IsOdd(5))
            return "";
        var text = new StringBuilder("?");
        for (var count = 1 + random.Next(4); count > 0; count--)
            text.Append(Members[random.Next(Members.Length)]).Append(random.Next(8) == 0 ? "" : "=").Append(Escaped(Word())).Append(random.Next(8) == 0 ? "&&" : "&");
        return text.ToString();
    }

    private (string, string)[] Headers() => random.Next(12) switch
    {
        0 => [("Range", "id ..; max=2")],
        1 => [("Range", $"{Members[random.Next(Members.Length)]} ]{Ascii(Word())}..; order=desc,max={random.Next(-2, 2000)}")],
        2 => [("Range", Ascii(Word()))],
        3 => [("Accept", "application/vnd.heroku+json; version=2")],
        4 => [("If-None-Match", "\"" + Ascii(Word()) + "\"")],
        5 => [("X-Forwarded-For", "1"), ("Origin", "https://evil.invalid"), ("Cookie", "sluice=" + Ascii(Word()))],
        6 => [("Accept-Encoding", "gzip, br;q=0"), ("Content-Encoding", IsOdd(2) ? "gzip" : "identity")],
        7 => [("Heroku-" + "Two-Factor-Code", "1"), ("Prefer", "wait=999999")],
        _ => [],
    };

    private static string Ascii(string word) => new([.. word.Where(c => c is >= ' ' and < '\u007f')]);

    private byte[] Body()
    {
        var text = IsOdd(15) ? Value(0) : Object(0);
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var times = IsOdd(8) ? 1 + random.Next(4) : 0; times > 0 && bytes.Length > 0; times--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return IsOdd(30) ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private string Object(int depth)
    {
        var members = Enumerable.Range(0, random.Next(6)).Select(_ => $"{Text(Members[random.Next(Members.Length)])}:{Value(depth + 1)}");
        return $"{{{string.Join(',', members)}}}";
    }

    private string Value(int depth) => random.Next(depth > 4 ? 6 : 10) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 => (random.Next(4) switch { 0 => -1, 1 => 0, 2 => random.Next(), _ => random.Next(5) }).ToString(CultureInfo.InvariantCulture),
        3 => random.Next(3) == 0 ? "1e400" : "0.5",
        4 or 5 or 6 => Text(Word()),
        7 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth + 1)))}]",
        _ => Object(depth),
    };

    private static string Text(string word) => "\"" + string.Concat(word.Select(c => c is '"' or '\\' or < ' ' || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : $"{c}")) + "\"";

    private string Word() => random.Next(10) switch
    {
        < 6 when learnt.Count > 0 => learnt[random.Next(learnt.Count)],
        6 => $"fuzz-{random.Next(60)}",
        7 => new string((char)('a' + random.Next(26)), random.Next(IsOdd(10) ? 5000 : 40)),
        8 => new Guid(random.Next(), 1, 2, [1, 2, 3, 4, 5, 6, 7, 8]).ToString(),
        _ => Hostile[random.Next(Hostile.Length)],
    };

    private bool IsOdd(int oneIn) => random.Next(oneIn) == 0;
}
