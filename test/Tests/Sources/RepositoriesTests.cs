using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Sources;
using Sluice.Tests.Git;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Sources;

/// <summary>What an app's repository answers, over real git.</summary>
public sealed class RepositoriesTests : IDisposable
{
    private static readonly SlugDigest Digest = SlugDigest.Of("a slug"u8);
    private readonly TempFolder folder = new();
    private readonly Repositories repositories;

    public RepositoriesTests() => repositories = new(new DataFolder(folder.Path));

    public void Dispose() => folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private AppId With(Repo repo)
    {
        var app = AppId.New();
        repo.Git("push", "-q", repositories.Open(app), "+HEAD:refs/heads/main");
        return app;
    }

    [Fact]
    public async Task A_commit_is_told_as_its_author_wrote_it()
    {
        using var repo = new Repo(("a", "a"));
        repo.Commit("Größer \"quoted\" $(id)\n\nmore text", ("b", "b"));

        var commit = await repositories.CommitAsync(With(repo), repo.Head, null, Ct);

        Assert.Equal(("Größer \"quoted\" $(id)", "Ada", "ada@example.com", repo.Head[..7]), (commit!.Subject, commit.Author, commit.AuthorEmail, commit.Short));
        Assert.Null(await repositories.CommitAsync(AppId.New(), repo.Head, null, Ct));
    }

    [Fact]
    public async Task Ahead_and_behind_go_by_ancestry_over_two_repositories()
    {
        using var repo = new Repo(("a", "1"));
        var (production, old) = (With(repo), repo.Head);
        repo.Commit("Second", ("a", "2"));
        repo.Commit("Third", ("a", "3"));
        var (staging, now) = (With(repo), repo.Head);

        var ahead = await new Comparison(repositories).DiffAsync([staging, production], old, now, Ct);
        var behind = await new Comparison(repositories).DiffAsync([production, staging], now, old, Ct);

        Assert.Equal(["Third", "Second"], ahead!.Ahead.Select(c => c.Subject));
        Assert.Empty(ahead.Behind);
        Assert.Equal("ancestry", ahead.Matched);
        Assert.Empty(behind!.Ahead);
        Assert.Equal(2, behind.Behind.Length);
        Assert.Null(await repositories.CommitAsync(production, now, null, Ct));
    }

    [Fact]
    public async Task A_rewritten_history_is_matched_by_what_commits_change()
    {
        using var repo = new Repo(("a", "1"));
        repo.Git("branch", "base");
        repo.Commit("Same change", ("b", "b"));
        var (production, old) = (With(repo), repo.Head);
        repo.Git("checkout", "-q", "base");
        repo.Commit("Before it", ("c", "c"));
        repo.Git("cherry-pick", old);
        repo.Commit("After it", ("d", "d"));
        var (staging, now) = (With(repo), repo.Head);

        var diff = await new Comparison(repositories).DiffAsync([staging, production], old, now, Ct);

        Assert.Equal("patch", diff!.Matched);
        Assert.Equal(["After it", "Before it"], diff.Ahead.Select(c => c.Subject));
        Assert.Empty(diff.Behind);
    }

    [Fact]
    public async Task A_long_history_that_was_rewritten_is_matched_by_who_wrote_what_when()
    {
        using var repo = new Repo(("a", "1"));
        var (production, staging) = (With(repo), With(repo));
        var (old, now) = (Import(production, "Other beginning", 1, 1200), Import(staging, "Beginning", 2, 1201));

        var diff = await new Comparison(repositories).DiffAsync([staging, production], old, now, Ct);

        Assert.Equal("authorship", diff!.Matched);
        Assert.Equal(["Change 1201", "Beginning"], diff.Ahead.Select(c => c.Subject));
        Assert.Equal(["Change 1", "Other beginning"], diff.Behind.Select(c => c.Subject));

        string Import(AppId app, string beginning, int first, int last)
        {
            var text = new System.Text.StringBuilder();
            Add(beginning, 0);
            for (var i = first; i <= last; i++)
                Add($"Change {i}", i);
            var script = folder.At($"{app}.import");
            File.WriteAllText(script, text.ToString());
            Repo.Run("/", "sh", "-c", $"git --git-dir='{repositories.Open(app)}' fast-import --quiet --force < '{script}'");
            return Repo.Run("/", "git", $"--git-dir={repositories.Open(app)}", "rev-parse", "refs/heads/long");

            void Add(string subject, int number) => text.Append(
                $"commit refs/heads/long\nauthor Ada <ada@example.com> {1_700_000_000 + number} +0000\ncommitter Ada <ada@example.com> {1_700_000_000 + number} +0000\ndata {subject.Length}\n{subject}\nM 644 inline f\ndata {$"{number}".Length}\n{number}\n\n");
        }
    }

    [Fact]
    public async Task A_repository_is_kept_in_few_packs_with_a_commit_graph_and_answers_as_before()
    {
        using var repo = new Repo(("a", "0"));
        var app = With(repo);
        for (var push = 1; push <= 6; push++)
        {
            repo.Commit($"Change {push}", ("a", $"{push}"));
            repo.Git("push", "-q", repositories.Open(app), "+HEAD:refs/heads/main");
        }
        var objects = Path.Combine(repositories.Open(app), "objects");
        Assert.NotEmpty(Loose());
        using var care = new RepositoryCare(new DataFolder(folder.Path), TimeProvider.System, NullLogger<RepositoryCare>.Instance);

        await care.TidyAsync(app, Ct);
        // A week later, with what a killed git left.
        var chain = Path.Combine(objects, "info/commit-graphs/commit-graph-chain.lock");
        await File.WriteAllTextAsync(chain, "", Ct);
        foreach (var old in new[] { chain, Path.Combine(repositories.Open(app), "repacked") })
            File.SetLastWriteTimeUtc(old, DateTime.UtcNow - TimeSpan.FromDays(8));
        await care.TidyAsync(app, Ct);

        Assert.Empty(Loose());
        Assert.Single(Directory.EnumerateFiles(Path.Combine(objects, "pack"), "*.pack"));
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(objects, "info/commit-graphs"), "graph-*.graph"));
        Assert.Equal(7, (await new Comparison(repositories).HistoryAsync(app, repo.Head, Ct))!.AheadBy);
        await care.TidyAsync(AppId.New(), Ct);   // one that was never pushed to

        IEnumerable<string> Loose() => Directory.EnumerateDirectories(objects).Where(d => Path.GetFileName(d).Length == 2);
    }

    [Theory]
    [InlineData("main~1")]
    [InlineData("main^")]
    [InlineData("main^{tree}")]
    [InlineData("main@{0}")]
    [InlineData("main:a")]
    [InlineData("../heads/main")]
    [InlineData("")]
    public async Task A_branch_is_asked_by_its_name_and_by_no_expression(string expression)
    {
        using var repo = new Repo(("a", "1"));
        repo.Commit("Second", ("a", "2"));
        var app = With(repo);

        Assert.Null(await repositories.BranchAsync(app, expression, Ct));
        Assert.Equal(repo.Head, await repositories.BranchAsync(app, "main", Ct));
    }

    [Fact]
    public async Task All_of_a_history_is_what_someone_gets_who_has_nothing()
    {
        using var repo = new Repo(("a", "1"));
        repo.Commit("Second", ("a", "2"));
        var app = With(repo);

        var all = await new Comparison(repositories).HistoryAsync(app, repo.Head, Ct);

        Assert.Equal((2, 0), (all!.AheadBy, all.BehindBy));
        Assert.Equal(["Second", "First version"], all.Ahead.Select(c => c.Subject));
        Assert.Null(await new Comparison(repositories).HistoryAsync(AppId.New(), repo.Head, Ct));
    }

    [Fact]
    public async Task A_commit_is_taken_over_from_another_app_for_a_build()
    {
        using var repo = new Repo(("a", "1"));
        var (old, from) = (repo.Head, With(repo));
        repo.Commit("Second", ("a", "2"));
        repo.Git("push", "-q", repositories.Open(from), "+HEAD:refs/heads/main");
        var app = AppId.New();

        Assert.True(await repositories.TakeCommitAsync(app, old, from, Ct));
        Assert.Equal(old, (await repositories.CommitAsync(app, old, null, Ct))!.Sha);
        Assert.Null(await repositories.CommitAsync(app, repo.Head, null, Ct));
        Assert.False(await repositories.TakeCommitAsync(AppId.New(), old, app with { Value = Guid.NewGuid() }, Ct));
    }

    [Fact]
    public void A_repositorys_number_leads_back_to_its_app()
    {
        var app = AppId.New();
        Assert.StartsWith(RepositoryNumber.StartOfId(RepositoryNumber.Of(app)), app.ToString(), StringComparison.Ordinal);
        Assert.InRange(RepositoryNumber.Of(app), 1, (1L << 53) - 1);
    }

    [Fact]
    public async Task A_slugs_commit_is_taken_over_and_outlives_the_app_it_came_from()
    {
        using var repo = new Repo(("a", "1"));
        var (staging, sha) = (With(repo), repo.Head);
        await repositories.KeepAsync(staging, Digest, sha, Ct);
        var production = AppId.New();

        Assert.True(await repositories.TakeAsync(production, Digest, staging, Ct));
        repositories.Remove(staging);

        Assert.Equal(sha, (await repositories.CommitAsync(production, sha, null, Ct))!.Sha);
        Assert.True(await repositories.TakeAsync(production, Digest, staging, Ct));
        Assert.False(await repositories.TakeAsync(AppId.New(), Digest, staging, Ct));
    }

    [Fact]
    public async Task An_archive_has_every_file_whatever_the_tree_says_of_exports()
    {
        using var repo = new Repo(("kept", "x"), ("hidden", "$Format:%H$"), (".gitattributes", "hidden export-ignore export-subst\n"));
        var tar = folder.At("out.tar");

        await repositories.ArchiveAsync(With(repo), repo.Head, null, "", tar, Ct);

        Assert.Equal(".gitattributes\nhidden\nkept", Repo.Run("/", "tar", "-tf", tar));
        Assert.Equal("$Format:%H$", Repo.Run("/", "tar", "-xOf", tar, "hidden"));
    }

    [Fact]
    public void What_cut_pushes_and_cut_makings_left_is_swept()
    {
        var app = AppId.New();
        var repository = repositories.Open(app);
        Directory.CreateDirectory(Path.Combine(repository, "objects", "tmp_objdir-incoming-x", "deep"));
        Directory.CreateDirectory(repository + ".0123.new");

        repositories.SweepAll();

        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(repository, "objects"), "tmp_objdir-*"));
        Assert.Equal([repository], Directory.EnumerateDirectories(Path.GetDirectoryName(repository)!));
    }

    [Fact]
    public async Task The_machines_git_configuration_decides_nothing()
    {
        using var repo = new Repo(("a", "1"));
        var app = With(repo);
        // What a tenant could hope for: a setting in the repository that runs a program.
        await File.AppendAllTextAsync(Path.Combine(repositories.Open(app), "config"), $"[log]\n\tshowSignature = true\n[gpg]\n\tprogram = touch {folder.At("marker")}\n", Ct);

        Assert.NotNull(await repositories.CommitAsync(app, repo.Head, null, Ct));

        Assert.False(File.Exists(folder.At("marker")));
    }
}
