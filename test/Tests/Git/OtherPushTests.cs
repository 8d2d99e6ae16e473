using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sluice.Tests.Git;

/// <summary>A server for one trusted team, whose builds can reach this machine, and that takes small pushes only.</summary>
public sealed class SmallTeamServer : LiveServer
{
    protected override string[] Flags => ["--one-team", "--max-push", "1"];
}

/// <summary>Pushes that an ordinary server would need a gigabyte or the internet for.</summary>
public sealed class OtherPushTests(SmallTeamServer server) : IClassFixture<SmallTeamServer>
{
    private static readonly (string, string)[] Buildpack =
    [
        ("bin/detect!", "#!/bin/sh\nsleep 300 &\necho Handmade\n"),
        ("bin/compile!", "#!/bin/sh\nmkdir -p $1/page\nread -r kind <$(dirname $0)/../kind\necho \"Made by hand, by $kind\" >$1/page/index.html\necho \"       $kind was here\"\n"),
        ("bin/release!", "#!/bin/sh\nsleep 300 &\nprintf 'default_process_types:\\n  web: exec python3 -m http.server -d page $PORT\\n'\n"),
    ];

    [Fact]
    public async Task A_push_above_the_size_limit_is_refused_and_said_and_moves_nothing()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        var noise = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(noise);
        using var repo = new Repo(("Procfile", "worker: sleep 1000\n"));
        var before = await repo.PushAsync(server.Remote(app));
        var head = repo.Head;
        repo.Commit("Large", ("noise", Convert.ToBase64String(noise)));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(before.Code == 0, before.Said);
        Assert.Equal(1, code);
        Assert.Contains("remote:  !     Push rejected: it is larger than 1 MB, the most that this server takes. Keep large files out of git.", said, StringComparison.Ordinal);
        Assert.Equal($"{head}\trefs/heads/main", repo.Git("ls-remote", server.Remote(app), "refs/heads/main"));
        Assert.Single(await server.BuildsAsync(app));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(await server.RepositoryAsync(app), "objects"), "tmp_objdir-*"));
    }

    [Theory]
    [InlineData("git", "/pack.git")]
    [InlineData("git at a tag", "/pack.git#v1")]
    [InlineData("archive", "/pack.tgz")]
    public async Task A_buildpack_from_elsewhere_builds_an_app_that_answers(string kind, string path)
    {
        LiveServer.NeedRoot();
        using var pack = new Repo([.. Buildpack, ("kind", kind + "\n")]);
        pack.Git("tag", "v1");
        if (path.EndsWith("#v1", StringComparison.Ordinal))
            pack.Commit("A later version, that nobody asked for", ("bin/compile!", "#!/bin/sh\nexit 9\n"));
        await using var elsewhere = await ServeAsync(pack);
        var app = await server.AppAsync();
        var url = elsewhere.Urls.Single() + path;
        await server.SetAsync(app, "BUILDPACK_URL", url);
        using var repo = new Repo(("README", "hello\n"));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code == 0, said);
        Assert.Contains($"remote: -----> Using buildpack: {url}\nremote: -----> Handmade app detected\nremote:        {kind} was here\n", said, StringComparison.Ordinal);
        Assert.Contains($"Made by hand, by {kind}\n", await server.VisitAsync(app), StringComparison.Ordinal);
    }

    /// <summary>A code host on loopback: the repository over git's smart HTTP, and its files as an archive with one folder at its top.</summary>
    private static async Task<WebApplication> ServeAsync(Repo pack)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.MapGet("/pack.tgz", async http => await GitAsync(http, pack, "archive", "--format=tar.gz", "--prefix=pack-1/", "HEAD"));
        app.MapGet("/pack.git/info/refs", async http =>
        {
            http.Response.ContentType = "application/x-git-upload-pack-advertisement";
            await http.Response.WriteAsync("001e# service=git-upload-pack\n0000");
            await GitAsync(http, pack, "upload-pack", "--stateless-rpc", "--http-backend-info-refs", ".");
        });
        app.MapPost("/pack.git/git-upload-pack", async http =>
        {
            http.Response.ContentType = "application/x-git-upload-pack-result";
            await GitAsync(http, pack, "upload-pack", "--stateless-rpc", ".");
        });
        await app.StartAsync(LiveServer.Ct);
        return app;
    }

    private static async Task GitAsync(HttpContext http, Repo pack, params string[] arguments)
    {
        var start = Repo.Start(pack.Path, "git", arguments);
        start.RedirectStandardInput = true;
        start.Environment["GIT_PROTOCOL"] = http.Request.Headers["Git-Protocol"].ToString();
        using var git = Process.Start(start)!;
        await http.Request.Body.CopyToAsync(git.StandardInput.BaseStream, http.RequestAborted);
        git.StandardInput.Close();
        await git.StandardOutput.BaseStream.CopyToAsync(http.Response.Body, http.RequestAborted);
        await git.WaitForExitAsync(http.RequestAborted);
    }
}
