using System.Collections.Immutable;
using System.Net;

namespace Sluice.Roles;

/// <summary>What <c>sluice up</c> was told; the roles get the same as flags. Text of each flag is written here once.</summary>
public sealed record UpOptions
{
    public const string Usage = """
        Starts Sluice and keeps it running: server, router and agent.

        Usage: sluice up [flags]

          --data DIR          Where everything is kept (SLUICE_DATA).
                              Default: /var/lib/sluice for root, ~/.local/share/sluice for others.
          --port N            The one port for API, git, dashboard and apps (SLUICE_PORT). Default: 5000; 0 takes a free one.
          --bind ADDRESS      Listen on this address as well as on 127.0.0.1 and ::1. 0.0.0.0 or :: means all.
          --domain DOMAIN     Apps answer at APP.DOMAIN. Default: localhost.
          --public-url URL    Where people reach Sluice itself; links and git remotes are made from it. Default: http://DOMAIN:N.
          --one-team          Run without isolation between apps: for one trusted team. Always so without root.
          --max-push MB       How large one push may be. Default: 1024.
          --private-drains    Let log drains lead to this machine and to private networks. Default: to the public network only.
          --otlp URL          Send traces and measures to the OpenTelemetry collector there (OTEL_EXPORTER_OTLP_ENDPOINT), over
                              HTTP unless OTEL_EXPORTER_OTLP_PROTOCOL says grpc. The other OTEL_ variables count as well.
          --acme URL          Ask this authority for certificates of apps that turned certs:auto on; letsencrypt is short for Let's Encrypt's
                              address. Default: nobody is asked, and nothing leaves this machine for it.
          --acme-agree        You have read the authority's terms of service and agree to them. Most ask for it.
          --acme-email MAIL   Where the authority may write to you when something is wrong.
          --acme-ca FILE      PEM file of who signs the authority's own server, when this machine does not trust it.
          --keep-dynos        Leave apps running when Sluice is stopped; the next start adopts them.
          --hang-after N      Replace a part of Sluice that has not answered for N seconds (5 or more; the router a third of it).
                              Default: 60; 0 replaces none.
          --help              This text.

        Ready when GET http://localhost:N/healthz answers 200. SIGTERM or Ctrl-C stops it; SIGHUP or `sluice restart all`
        replaces its processes one by one while requests keep being answered.
        """;

    private const int DefaultMaxPushMb = 1024;
    private const int DefaultHangAfter = 60, LeastHangAfter = 5, MostHangAfter = 86_400;

    public required DataFolder Data { get; init; }
    public required int Port { get; init; }

    /// <summary>Null: loopback only.</summary>
    public IPAddress? Bind { get; init; }
    public string Domain { get; init; } = "localhost";

    /// <summary>Null: made from domain and port.</summary>
    public Uri? PublicUrl { get; init; }
    public bool OneTeam { get; init; }
    public bool KeepDynos { get; init; }

    /// <summary>How long server and agent may keep silent before they are replaced; null: for ever. For the supervisor only.</summary>
    public TimeSpan? HangAfter { get; init; } = TimeSpan.FromSeconds(DefaultHangAfter);

    /// <summary>1 to 1,048,576.</summary>
    public int MaxPushMb { get; init; } = DefaultMaxPushMb;
    public bool PrivateDrains { get; init; }

    /// <summary>Where the OpenTelemetry collector is; null when only the environment may say so.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Null: nobody is asked for certificates.</summary>
    public AcmeFlags? Acme { get; init; }

    /// <summary>For roles only: descriptors of listening sockets that were inherited.</summary>
    public ImmutableArray<int> Sockets { get; init; } = [];

    /// <summary>For roles only: the same of the companion proxy.</summary>
    public ImmutableArray<int> Companion { get; init; } = [];

    public Site Site => new()
    {
        Port = Port,
        Domain = Domain,
        PublicUrl = PublicUrl ?? new UriBuilder("http", Domain, Port).Uri,
        Bind = Bind is null || Bind.Equals(IPAddress.Any) || Bind.Equals(IPAddress.IPv6Any) ? null : Bind,
        OneTeam = OneTeam,
        MaxPushBytes = (long)MaxPushMb << 20,
        PrivateDrains = PrivateDrains,
        Authority = Acme?.Authority,
    };

    /// <summary>The same options as flags, for a role's command line.</summary>
    public ImmutableArray<string> ToFlags() =>
    [
        "--data", Data.Root, "--port", $"{Port}", "--domain", Domain,
        .. Bind is null ? [] : new[] { "--bind", $"{Bind}" },
        .. PublicUrl is null ? [] : new[] { "--public-url", PublicUrl.OriginalString },
        .. OneTeam ? new[] { "--one-team" } : [],
        .. PrivateDrains ? new[] { "--private-drains" } : [],
        .. Acme?.ToFlags() ?? [],
        .. MaxPushMb == DefaultMaxPushMb ? [] : new[] { "--max-push", $"{MaxPushMb}" },
    ];

    /// <summary>Throws <see cref="UsageException"/> with all faults of the flags.</summary>
    public static UpOptions Parse(IReadOnlyList<string> flags, Func<string, string?> env, bool isRoot)
    {
        var faults = new List<string>();
        var values = new Dictionary<string, string>();
        for (var i = 0; i < flags.Count; i++)
        {
            var (name, value) = flags[i].IndexOf('=', StringComparison.Ordinal) is var cut and > 0 ? (flags[i][..cut], flags[i][(cut + 1)..]) : (flags[i], null);
            if (name is "--one-team" or "--keep-dynos" or "--private-drains" or "--acme-agree" && value is null)
                values[name] = "";
            else if (name is not ("--data" or "--port" or "--bind" or "--domain" or "--public-url" or "--max-push" or "--otlp" or "--acme" or "--acme-email" or "--acme-ca" or "--hang-after" or "--sockets" or "--companion"))
            {
                faults.Add($"There is no flag {name}.");
                i += value is null && i + 1 < flags.Count && !flags[i + 1].StartsWith('-') ? 1 : 0;
            }
            else if ((value ?? (++i < flags.Count ? flags[i] : null)) is { } given)
                values[name] = given;
            else
                faults.Add($"{name} needs a value.");
        }
        var options = Read(values, env, isRoot, faults);
        return faults.Count == 0 ? options : throw new UsageException(string.Join(' ', faults) + " See sluice up --help.") { IsMisuse = true };
    }

    private static UpOptions Read(Dictionary<string, string> values, Func<string, string?> env, bool isRoot, List<string> faults)
    {
        var port = values.GetValueOrDefault("--port") ?? NotEmpty(env("SLUICE_PORT")) ?? "5000";
        if (!int.TryParse(port, out var number) || number is < 0 or > 65535)
            faults.Add($"The port must be a number from 0 to 65535, not {port}.");
        IPAddress? bind = null;
        if (values.TryGetValue("--bind", out var address) && !IPAddress.TryParse(address, out bind))
            faults.Add($"--bind wants an IP address, not {address}.");
        Uri? url = null;
        if (values.TryGetValue("--public-url", out var text) && !(Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/"))
            faults.Add($"--public-url wants an address like https://sluice.example.com, not {text}.");
        var domain = values.GetValueOrDefault("--domain", "localhost").ToLowerInvariant();
        if (Uri.CheckHostName(domain) != UriHostNameType.Dns)
            faults.Add($"--domain wants a name like apps.example.com, not {domain}.");
        var push = values.GetValueOrDefault("--max-push", $"{DefaultMaxPushMb}");
        if (!int.TryParse(push, out var maxPush) || maxPush is < 1 or > 1 << 20)
            faults.Add($"--max-push wants a number of megabytes from 1 to {1 << 20}, not {push}.");
        Uri? otlp = null;
        if (values.TryGetValue("--otlp", out var collector) && !(Uri.TryCreate(collector, UriKind.Absolute, out otlp) && otlp is { Scheme: "http" or "https", UserInfo: "" }))
            faults.Add("--otlp wants an address like http://localhost:4318. A key for it goes into OTEL_EXPORTER_OTLP_HEADERS.");
        var hang = values.GetValueOrDefault("--hang-after", $"{DefaultHangAfter}");
        if (!int.TryParse(hang, out var hangAfter) || hangAfter is not (0 or (>= LeastHangAfter and <= MostHangAfter)))
            faults.Add($"--hang-after wants a number of seconds from {LeastHangAfter} to {MostHangAfter}, or 0 for never, not {hang}.");
        return new UpOptions
        {
            Data = new DataFolder(values.GetValueOrDefault("--data") ?? NotEmpty(env("SLUICE_DATA")) ?? DefaultFolder(env, isRoot)),
            Port = number,
            Bind = bind,
            Domain = domain,
            PublicUrl = url,
            OneTeam = values.ContainsKey("--one-team") || !isRoot,
            KeepDynos = values.ContainsKey("--keep-dynos"),
            HangAfter = hangAfter == 0 ? null : TimeSpan.FromSeconds(hangAfter),
            MaxPushMb = maxPush,
            PrivateDrains = values.ContainsKey("--private-drains"),
            Otlp = otlp,
            Acme = AcmeFlags.Read(values, faults),
            Sockets = Descriptors(values, "--sockets"),
            Companion = Descriptors(values, "--companion"),
        };
    }

    private static ImmutableArray<int> Descriptors(Dictionary<string, string> values, string flag) =>
        [.. values.GetValueOrDefault(flag, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    private static string DefaultFolder(Func<string, string?> env, bool isRoot) =>
        isRoot ? "/var/lib/sluice" : Path.Combine(NotEmpty(env("HOME")) ?? "/tmp", ".local/share/sluice");

    private static string? NotEmpty(string? value) => value is { Length: > 0 } ? value : null;
}

/// <summary>Sluice cannot start like this; the message is one sentence for who started it.</summary>
public sealed class UsageException(string message) : Exception(message)
{
    /// <summary>The words themselves were not understood: 64, as by the command line. Otherwise they were, and it cannot be done.</summary>
    public bool IsMisuse { get; init; }
}
