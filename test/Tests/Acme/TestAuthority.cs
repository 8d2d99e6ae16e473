using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Sluice.Tests.Api;

namespace Sluice.Tests.Acme;

/// <summary>
/// An ACME authority on loopback (RFC 8555) with a root of its own. Strict: every nonce is good for once, signature, url, kid and content type are checked, the
/// proof is really fetched from the name's port, and a certificate is given only for a request that is signed and says the name.
/// </summary>
internal sealed class TestAuthority : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, bool> nonces = new();
    private readonly ConcurrentDictionary<string, (ECParameters Key, string Thumbprint)> accounts = new();
    private readonly ConcurrentDictionary<string, Order> orders = new();
    private readonly int port;
    private string? network;
    private int number, staleNonces;

    /// <param name="port">Where it will listen; 0: where there is room.</param>
    public TestAuthority(TimeProvider clock, int port)
    {
        this.clock = clock;
        this.port = port;
        var request = new CertificateRequest("CN=Test authority", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Root = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = Sign(new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256), ["localhost"], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90));
        var pair = X509CertificateLoader.LoadPkcs12(own.CopyWithPrivateKey(key).Export(X509ContentType.Pfx), null);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(pair)))
            .UseSockets(sockets => sockets.CreateBoundListenSocket = at => OtherNetwork.Visit(network, () => SocketTransportOptions.CreateDefaultBoundListenSocket(at)));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public X509Certificate2 Root { get; }
    public Uri Directory => new($"{Base}/directory");

    /// <summary>Where a name's port 80 is.</summary>
    public int Port80 { get; set; }

    /// <summary>How long certificates last.</summary>
    public TimeSpan Life { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Null: nothing to agree to.</summary>
    public string? Terms { get; set; } = "https://authority.example/terms";

    /// <summary>A plain refusal of the next orders; null: they are taken.</summary>
    public (int Status, string Type, string Detail, int RetryAfter)? Refusal { get; set; }

    /// <summary>What was asked, by the last part of the path: <c>order</c>, <c>finalize</c> …</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Faults of whoever spoke to it, beside those it was told to make.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();
    public List<X509Certificate2> Issued { get; } = [];
    public int Accounts => accounts.Count;

    private string Base => $"https://localhost:{(port > 0 ? port : new Uri(app.Urls.First()).Port)}";

    public static async Task<TestAuthority> StartAsync(TimeProvider clock)
    {
        var authority = new TestAuthority(clock, port: 0);
        await authority.OpenAsync(network: null);
        return authority;
    }

    /// <summary>From now on it listens, and looks for proofs, in this network; null: ours.</summary>
    public Task OpenAsync(string? network)
    {
        this.network = network;
        return app.StartAsync();
    }

    /// <summary>The next so many signed requests are refused for their nonce.</summary>
    public void MakeNoncesStale(int count) => staleNonces = count;

    public Authority ToTell(bool agreed = true) => new() { Directory = Directory, HasAgreed = agreed, Email = "ops@example.com", Roots = Root.ExportCertificatePem() };

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Root.Dispose();
        rootKey.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            await RouteAsync(http);
        }
        catch (Problem problem)
        {
            if (problem.Type != "badNonce" || Interlocked.Decrement(ref staleNonces) < 0)
            {
                if (problem.IsFault)
                    Faults.Enqueue($"{http.Request.Method} {http.Request.Path}: {problem.Message}");
            }
            http.Response.StatusCode = problem.Status;
            if (problem.RetryAfter > 0)
                http.Response.Headers.RetryAfter = $"{problem.RetryAfter}";
            GiveNonce(http);
            await http.Response.WriteAsJsonAsync(new { type = "urn:ietf:params:acme:error:" + problem.Type, detail = problem.Message }, (JsonSerializerOptions?)null, "application/problem+json");
        }
    }

    private async Task RouteAsync(HttpContext http)
    {
        var parts = http.Request.Path.Value!.Split('/')[1..];
        Asked.Enqueue(parts[0]);
        if (http.Request.Headers.UserAgent.Count == 0)
            throw new Problem(400, "malformed", "no User-Agent");
        if (parts[0] == "directory" && HttpMethods.IsGet(http.Request.Method))
        {
            await http.Response.WriteAsJsonAsync(new { newNonce = Base + "/nonce", newAccount = Base + "/account", newOrder = Base + "/new-order", meta = new { termsOfService = Terms } });
            return;
        }
        GiveNonce(http);
        if (parts[0] == "nonce" && HttpMethods.IsHead(http.Request.Method))
            return;
        if (!HttpMethods.IsPost(http.Request.Method) || http.Request.ContentType != "application/jose+json")
            throw new Problem(415, "malformed", "not a POST of application/jose+json");
        var (account, payload) = await CheckAsync(http, isNewAccount: parts[0] == "account");
        await (parts[0] switch
        {
            "account" => MakeAccountAsync(http, account, payload!.Value),
            "new-order" => MakeOrderAsync(http, account, payload!.Value),
            "order" => OrderAsync(http, Own(parts[1], account), payload),
            "authorization" => AuthorizationAsync(http, Own(parts[1], account), payload),
            "challenge" => ChallengeAsync(http, Own(parts[1], account), payload),
            "finalize" => FinalizeAsync(http, Own(parts[1], account), payload!.Value),
            "certificate" => CertificateAsync(http, Own(parts[1], account), payload),
            _ => throw new Problem(404, "malformed", "no such address"),
        });
    }

    /// <summary>Who signed what; the payload is null for a POST-as-GET.</summary>
    private async Task<(string Account, JsonElement? Payload)> CheckAsync(HttpContext http, bool isNewAccount)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        var (said, text) = (body.RootElement.GetProperty("protected").GetString()!, body.RootElement.GetProperty("payload").GetString()!);
        using var parsed = JsonDocument.Parse(Base64Url.DecodeFromChars(said));
        var head = parsed.RootElement;
        if (head.GetProperty("alg").GetString() != "ES256")
            throw new Problem(400, "badSignatureAlgorithm", "not ES256");
        if (head.GetProperty("url").GetString() != Base + http.Request.Path)
            throw new Problem(401, "unauthorized", "signed for another url");
        var hasKey = head.TryGetProperty("jwk", out var jwk);
        if (hasKey == head.TryGetProperty("kid", out var kid) || hasKey != isNewAccount)
            throw new Problem(400, "malformed", "jwk for a new account alone, kid for all else, and never both");
        if (Volatile.Read(ref staleNonces) > 0 || !nonces.TryRemove(head.GetProperty("nonce").GetString()!, out _))
            throw new Problem(400, "badNonce", "a nonce that was not given, or was used");
        var name = hasKey ? ThumbprintOf(jwk) : kid.GetString()!;
        var key = hasKey ? KeyOf(jwk) : accounts.TryGetValue(name, out var known) ? known.Key : throw new Problem(400, "accountDoesNotExist", "no such account", isFault: false);
        using var ecdsa = ECDsa.Create(key);
        if (!ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{said}.{text}"), Base64Url.DecodeFromChars(body.RootElement.GetProperty("signature").GetString()!), HashAlgorithmName.SHA256))
            throw new Problem(401, "unauthorized", "the signature does not fit");
        if (hasKey)
            accounts.TryAdd($"{Base}/accounts/{name}", (key, name));
        return (hasKey ? $"{Base}/accounts/{name}" : name, text.Length == 0 ? null : JsonElement.Parse(Base64Url.DecodeFromChars(text)));
    }

    private Task MakeAccountAsync(HttpContext http, string account, JsonElement payload)
    {
        if (Terms is not null && !(payload.TryGetProperty("termsOfServiceAgreed", out var agreed) && agreed.GetBoolean()))
            throw new Problem(403, "userActionRequired", "the terms were not agreed to");
        if (payload.TryGetProperty("contact", out var contact) && !contact.EnumerateArray().All(c => c.GetString()!.StartsWith("mailto:", StringComparison.Ordinal)))
            throw new Problem(400, "invalidContact", "not a mailto");
        http.Response.Headers.Location = account;
        http.Response.StatusCode = 201;
        return http.Response.WriteAsJsonAsync(new { status = "valid" });
    }

    private Task MakeOrderAsync(HttpContext http, string account, JsonElement payload)
    {
        if (Refusal is { } refusal)
            throw new Problem(refusal.Status, refusal.Type, refusal.Detail, isFault: false, refusal.RetryAfter);
        var identifier = payload.GetProperty("identifiers").EnumerateArray().Single();
        if (identifier.GetProperty("type").GetString() != "dns")
            throw new Problem(400, "unsupportedIdentifier", "only dns");
        var order = new Order($"{Interlocked.Increment(ref number)}", account, identifier.GetProperty("value").GetString()!, AcmeToken());
        orders[order.Id] = order;
        http.Response.Headers.Location = $"{Base}/order/{order.Id}";
        http.Response.StatusCode = 201;
        return http.Response.WriteAsJsonAsync(Shown(order));
    }

    private Task OrderAsync(HttpContext http, Order order, JsonElement? payload)
    {
        NeedNothing(payload);
        var shown = Shown(order);
        if (order.Status == "processing")
            order.Status = "valid";   // at the next look
        return http.Response.WriteAsJsonAsync(shown);
    }

    private Task AuthorizationAsync(HttpContext http, Order order, JsonElement? payload)
    {
        NeedNothing(payload);
        return http.Response.WriteAsJsonAsync(new
        {
            status = order.Proved,
            identifier = new { type = "dns", value = order.Name },
            challenges = new object[] { new { type = "dns-01", url = Base + "/nowhere", status = "pending", token = "x" }, Challenge(order) },
        });
    }

    private async Task ChallengeAsync(HttpContext http, Order order, JsonElement? payload)
    {
        if (payload is not { ValueKind: JsonValueKind.Object })
            throw new Problem(400, "malformed", "an answer to a challenge is an object");
        if (order.Proved == "pending")
        {
            order.Fault = await LookAsync(order);
            order.Proved = order.Fault is null ? "valid" : "invalid";
            order.Status = order.Fault is null ? "ready" : "invalid";
        }
        await http.Response.WriteAsJsonAsync(Challenge(order));
    }

    private async Task FinalizeAsync(HttpContext http, Order order, JsonElement payload)
    {
        if (order.Status != "ready")
            throw new Problem(403, "orderNotReady", "the name is not proved");
        var csr = CertificateRequest.LoadSigningRequest(
            Base64Url.DecodeFromChars(payload.GetProperty("csr").GetString()!), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var names = csr.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).ToArray();
        if (names is not [var name] || name != order.Name)
            throw new Problem(400, "badCSR", "not for the name that was ordered");
        var from = clock.GetUtcNow().AddHours(-1);
        order.Certificate = Sign(new CertificateRequest(csr.SubjectName, csr.PublicKey, HashAlgorithmName.SHA256), names, from, from + Life);
        lock (Issued)
            Issued.Add(order.Certificate);
        order.Status = "processing";
        await http.Response.WriteAsJsonAsync(Shown(order));
    }

    private Task CertificateAsync(HttpContext http, Order order, JsonElement? payload)
    {
        NeedNothing(payload);
        http.Response.ContentType = "application/pem-certificate-chain";
        return http.Response.WriteAsync(order.Certificate!.ExportCertificatePem() + "\n" + Root.ExportCertificatePem() + "\n");
    }

    /// <summary>What is wrong; null when the proof lies where it must.</summary>
    private async Task<string?> LookAsync(Order order)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, ct) =>
            {
                var socket = OtherNetwork.Visit(network, () => new Socket(SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(IPAddress.Loopback, Port80, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { Timeout = TimeSpan.FromSeconds(20) };
        try
        {
            using var answer = await client.GetAsync($"http://{order.Name}/.well-known/acme-challenge/{order.Token}");
            var found = await answer.Content.ReadAsStringAsync();
            return answer.StatusCode != HttpStatusCode.OK ? $"Invalid response from {order.Name}: {(int)answer.StatusCode}"
                : found != $"{order.Token}.{accounts[order.Account].Thumbprint}" ? "The key authorization file is wrong" : null;
        }
        catch (HttpRequestException)
        {
            return $"Fetching http://{order.Name}: Connection refused";
        }
    }

    private X509Certificate2 Sign(CertificateRequest request, string[] names, DateTimeOffset from, DateTimeOffset until)
    {
        var all = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            all.AddDnsName(name);
        request.CertificateExtensions.Add(all.Build(critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        return request.Create(Root, from, until, RandomNumberGenerator.GetBytes(8));
    }

    private object Shown(Order order) => new
    {
        status = order.Status,
        identifiers = new[] { new { type = "dns", value = order.Name } },
        authorizations = new[] { $"{Base}/authorization/{order.Id}" },
        finalize = $"{Base}/finalize/{order.Id}",
        certificate = order.Status == "valid" ? $"{Base}/certificate/{order.Id}" : null,
    };

    private object Challenge(Order order) => new
    {
        type = "http-01", url = $"{Base}/challenge/{order.Id}", status = order.Proved, token = order.Token,
        error = order.Fault is null ? null : new { type = "urn:ietf:params:acme:error:unauthorized", detail = order.Fault },
    };

    private Order Own(string id, string account) =>
        orders.TryGetValue(id, out var order) && order.Account == account ? order : throw new Problem(404, "malformed", "no such order");

    private void GiveNonce(HttpContext http)
    {
        var nonce = AcmeToken();
        nonces[nonce] = true;
        http.Response.Headers["Replay-Nonce"] = nonce;
    }

    private static void NeedNothing(JsonElement? payload)
    {
        if (payload is not null)
            throw new Problem(400, "malformed", "a look has no payload");
    }

    private static string AcmeToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));

    private static ECParameters KeyOf(JsonElement jwk) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk.GetProperty("x").GetString()!), Y = Base64Url.DecodeFromChars(jwk.GetProperty("y").GetString()!) },
    };

    private static string ThumbprintOf(JsonElement jwk) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(
        $$"""{"crv":"{{jwk.GetProperty("crv").GetString()}}","kty":"{{jwk.GetProperty("kty").GetString()}}","x":"{{jwk.GetProperty("x").GetString()}}","y":"{{jwk.GetProperty("y").GetString()}}"}""")));

    private sealed record Order(string Id, string Account, string Name, string Token)
    {
        public string Status { get; set; } = "pending";
        public string Proved { get; set; } = "pending";
        public string? Fault { get; set; }
        public X509Certificate2? Certificate { get; set; }
    }

    private sealed class Problem(int status, string type, string detail, bool isFault = true, int retryAfter = 0) : Exception(detail)
    {
        public int Status => status;
        public string Type => type;
        public bool IsFault => isFault;
        public int RetryAfter => retryAfter;
    }
}
