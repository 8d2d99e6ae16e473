namespace Sluice;

/// <summary>
/// DIR: everything one Sluice owns on a machine, and the only place that knows a path in it.
/// The columns say who owns a folder: <c>root</c> (the agent), or <c>sluice</c> (server and router).
/// </summary>
public sealed class DataFolder(string path)
{
    public string Root { get; } = Path.GetFullPath(path);

    /// <summary>sluice. The SQLite file and its WAL.</summary>
    public string Database => At("sluice.db");

    /// <summary>sluice, 0600. Seals config snapshots; made on first start.</summary>
    public string SecretKey => At("secret.key");

    /// <summary>sluice, 0600. The API key of admin@localhost, one line; made on first start.</summary>
    public string AdminKey => At("admin.key");

    /// <summary>Where a running server answers, one line (<c>http://localhost:5000</c>); the command line reads it.</summary>
    public string Address => At("address");

    /// <summary>Where the companion proxy for the Heroku CLI answers, one line (<c>http://127.0.0.1:40123</c>); kept over restarts.</summary>
    public string Companion => At("companion");

    /// <summary>Identity of this DIR on the machine: one line, eight hex digits. Part of every host-wide name (control group, link, nft table).</summary>
    public string InstanceId => At("instance");

    /// <summary>The machine's boot id at the last start, one line: when it is another now, no dyno of before can be alive.</summary>
    public string Boot => At("boot");

    /// <summary>sluice. Pid files, Unix sockets, per-push FIFOs.</summary>
    public string Run => At("run");

    /// <summary>sluice. Number of the server that has the say, one line; see <see cref="ServerTerm"/>.</summary>
    public string Term => At("server.term");

    public string PidFile(string role) => Path.Combine(Run, role + ".pid");

    /// <summary>The agent listens; only the server's user may open it.</summary>
    public string AgentSocket => Path.Combine(Run, "agent.sock");

    /// <summary>The server's HTTP, reached through the router.</summary>
    public string ServerSocket => Path.Combine(Run, "server.sock");

    /// <summary>A router's control socket: table pushes, in-flight questions, log lines. While one router hands over to the next, both listen.</summary>
    public string RouterSocket(int pid) => Path.Combine(Run, $"router-{pid}.sock");

    /// <summary>Control sockets of every router that runs (or died without cleaning up).</summary>
    public string[] RouterSockets => Directory.Exists(Run) ? Directory.GetFiles(Run, "router-*.sock") : [];

    /// <summary>root (or whoever runs <c>up</c>), 0600. The supervisor takes <c>restart ROLE</c> here.</summary>
    public string SupervisorSocket => Path.Combine(Run, "up.sock");

    /// <summary>Certificate of the private authority that signs this Sluice's TLS names; clients are told to trust it. Made on first start.</summary>
    public string CertificateAuthority => At("ca.pem");

    /// <summary>sluice, 0600. Its key.</summary>
    public string CertificateAuthorityKey => At("ca.key");

    /// <summary>sluice. The router's last table.</summary>
    public string RouteTable => Path.Combine(At("router"), "table.json");

    /// <summary>sluice, 0600. Uploaded certificates as the router serves them, sealed with <see cref="RouterKey"/>.</summary>
    public string RouterCertificates => Path.Combine(At("router"), "certificates");

    /// <summary>sluice, 0600. The router's own key, 32 bytes; made when it is first needed.</summary>
    public string RouterKey => Path.Combine(At("router"), "router.key");

    /// <summary>sluice. One bare repository per app, named by app id.</summary>
    public string Repository(AppId app) => Path.Combine(At("git"), app + ".git");

    /// <summary>sluice. Source tarballs on their way to a build, and uploads.</summary>
    public string Uploads => At("uploads");

    /// <summary>sluice. Build, release-phase and app logs.</summary>
    public string Logs => At("logs");

    /// <summary>sluice. Each app's measurements of the last day.</summary>
    public string Metrics => At("metrics");

    /// <summary>root, 0700. Slug objects and manifests.</summary>
    public string Slugs => At("slugs");

    /// <summary>root, 0700. Laid-out slugs, one folder per digest.</summary>
    public string LayOuts => At("layouts");

    /// <summary>root, 0711. Build trees, one folder per build.</summary>
    public string Builds => At("builds");

    /// <summary>root, 0700. Build caches, one folder per app.</summary>
    public string Caches => At("caches");

    /// <summary>root, 0711. What the agent knows of running sandboxes, one folder each: enough to adopt them after a restart.</summary>
    public string Sandboxes => At("sandboxes");

    /// <summary>Copy of the built files that the roles run from: <c>bin/VERSION</c>.</summary>
    public string Binaries => At("bin");

    private string At(string name) => Path.Combine(Root, name);
}
