using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Builds;

/// <summary>A data folder with an agent and what a server needs to build, all in this process; sandboxes, slugs and records are the real ones.</summary>
public class BuildGround : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly CancellationTokenSource stop = new();
    private SandboxHost sandboxes = null!;
    private Task agent = Task.CompletedTask;

    public DataFolder Data { get; private set; } = null!;
    public WebApplication Server { get; private set; } = null!;
    internal SlugStore Slugs { get; private set; } = null!;
    public Principal Admin { get; private set; } = null!;
    public string Key { get; private set; } = "";

    internal static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Builds run as users of their own, so that what they must not do can be tried; and with the programs that the samples are written in.</summary>
    public static void NeedRoot()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Needs root: sandboxes of builds are isolated by users, namespaces and control groups.");
        Assert.SkipUnless(File.Exists("/usr/bin/bwrap"), "Needs bubblewrap.");
    }

    public T Get<T>()
        where T : notnull => Server.Services.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        if (Environment.UserName != "root")
            return;
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        Data = new DataFolder(folder.Path);
        Directory.CreateDirectory(Data.Run);
        Directory.CreateDirectory(Data.Uploads);
        Slugs = new SlugStore(Data);
        sandboxes = new SandboxHost(Data, TimeProvider.System);
        agent = Compose(new AgentHost(Data), sandboxes).ServeAsync(stop.Token);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(Data).AddSingleton(TimeProvider.System).AddSingleton<AgentClient>();
        builder.Services.AddSingleton(new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") });
        builder.AddStorage().AddLogs().AddAccounts().AddApps().AddSlugs().AddSources().AddBuilds();
        Server = Compose(builder);
        await Server.StartAsync();
        Key = (await File.ReadAllTextAsync(Data.AdminKey)).Trim();
        Admin = (await Get<KeyRing>().WhoAsync(Key, "test", CancellationToken.None))!;
    }

    protected virtual AgentHost Compose(AgentHost host, SandboxHost with) => host.MapSlugs(Slugs, Data).MapBuilds(with, Slugs, Data);

    protected virtual WebApplication Compose(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        return builder.Build();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Data is not null)
        {
            await Server.StopAsync();
            await Server.DisposeAsync();
            await stop.CancelAsync();
            await agent;
            await sandboxes.DisposeAsync();
            Slugs.Dispose();
        }
        stop.Dispose();
        for (var tries = 0; Directory.Exists(folder.Path); tries++)
        {
            try
            {
                folder.Dispose();
            }
            catch (IOException) when (tries < 20)
            {
                await Task.Delay(50);   // the store empties its trash meanwhile
            }
        }
    }

    public Task<App> AppAsync(string? name = null) => Get<AppCatalog>().CreateAsync(name, null, Admin, (_, _) => { }, Ct);

    public async Task ConfigureAsync(App app, params (string Name, string Value)[] vars)
    {
        var config = ConfigVars.Seal(Get<Vault>(), app.Id, vars.ToDictionary(v => v.Name, v => v.Value));
        await Get<Db>().WriteAsync(new Act("test", "config"), tx => tx.Execute($"UPDATE apps SET config = {config} WHERE id = {app.Id}"), Ct);
    }

    /// <summary>A tar in DIR/uploads of files by name; one that ends in ! is executable.</summary>
    public string Tar(params (string Name, string Content)[] files)
    {
        using var source = new TempFolder();
        foreach (var (name, content) in files)
        {
            var path = source.At(name.TrimEnd('!'));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
            File.SetUnixFileMode(path, (UnixFileMode)(name.EndsWith('!') ? 0b111_101_101 : 0b110_100_100));
        }
        return Tar(source.Path);
    }

    public string Tar(string source)
    {
        var tar = Path.Combine(Data.Uploads, $"test-{Guid.NewGuid():N}.tar");
        Run("tar", "-C", source, "--exclude=./bin", "--exclude=./obj", "-cf", tar, ".");
        return tar;
    }

    public BuildRequest Request(App app, string tar, bool fromGit = true) => new() { App = app.Id, User = Admin.Account, SourceFile = tar, FromGit = fromGit };

    public async Task<(BuildOutcome Outcome, List<string> Lines)> BuildAsync(App app, string tar, bool fromGit = true)
    {
        var lines = new List<string>();
        var outcome = await Get<Builder>().BuildAsync(Request(app, tar, fromGit), line => { lines.Add(line); return default; }, Ct);
        return (outcome, lines);
    }

    /// <summary>Builds, and expects a slug.</summary>
    public async Task<Slug> SlugAsync(App app, string tar, bool fromGit = true)
    {
        var (outcome, lines) = await BuildAsync(app, tar, fromGit);
        var done = outcome as BuildOutcome.Succeeded;
        Assert.True(done is not null, $"{outcome}\n{string.Join('\n', lines)}");
        return (await Get<SlugCatalog>().FindAsync(done.Slug, Ct))!;
    }

    /// <summary>The files of a slug, path → content.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> FilesAsync(Slug slug)
    {
        var tree = await Slugs.LayOutAsync(slug.Digest!.Value, Ct);
        return Directory.EnumerateFiles(tree, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .ToImmutableSortedDictionary(path => Path.GetRelativePath(tree, path), File.ReadAllText, StringComparer.Ordinal);
    }

    /// <summary>Starts a process type of a slug in a sandbox of the app's, asks it once over the loopback of the sandbox, and answers what it said.</summary>
    public async Task<string> AnswerAsync(App app, Slug slug, string path, params (string Name, string Value)[] env)
    {
        var output = new MemoryStream();
        // Everything in one sandbox: the app in the background and a client beside it.
        var command = $$"""
            ( {{slug.ProcessTypes["web"]}} ) >/tmp/log 2>&1 &
            for i in $(seq 150); do curl -fsS --max-time 5 http://127.0.0.1:$PORT{{path}} 2>/tmp/error && exit 0; sleep 0.1; done
            cat /tmp/log /tmp/error; exit 1
            """;
        var exit = await sandboxes.RunAsync(new SandboxSpec
        {
            Id = Guid.NewGuid().ToString("N"), App = app.Id, Use = SandboxUse.Run, Hostname = "web.1", Mounts = [], LayOut = await Slugs.LayOutAsync(slug.Digest!.Value, Ct),
            Env = env.ToImmutableDictionary(v => v.Name, v => v.Value).Add("PORT", "5000"), Command = command, KeepUp = false,
            Limits = new SandboxLimits { MemoryMb = 512, CpuPercent = 200, Processes = 256, FileSizeBytes = 1 << 30, Time = TimeSpan.FromSeconds(60) },
        }, bytes => { output.Write(bytes.Span); return default; }, Ct);
        var said = Encoding.UTF8.GetString(output.ToArray());
        Assert.True(exit.Code == 0, $"{exit}: {said}");
        return said;
    }

    public static string Sample(string name)
    {
        for (var above = new DirectoryInfo(AppContext.BaseDirectory); above is not null; above = above.Parent)
        {
            if (File.Exists(Path.Combine(above.FullName, "Sluice.slnx")))
                return Path.Combine(above.FullName, "samples", name);
        }
        throw new DirectoryNotFoundException("samples/ is not above the tests.");
    }

    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
        return output.Trim();
    }
}
