using System.Text.Json;
using Sluice.Api;
using Sluice.Tests.Api;
using Sluice.Tests.House;
using Sluice.Wire;

namespace Sluice.Tests.Wire;

/// <summary>The JSON of each record, member by member, against the contract file; and what clients of ours read back.</summary>
public sealed class WireTests
{
    private static readonly Guid Id = new("01234567-89ab-cdef-0123-456789abcdef");
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(2));

    /// <summary>A line for each record, read by a person once: its name, and its JSON letter by letter.</summary>
    public static TheoryData<string, string> Goldens =>
        [.. Repository.Read("test/Tests/Wire/goldens.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).Select(parts => (parts[0], parts[1]))];

    [Fact]
    public void Every_record_has_its_golden_line() => Assert.Equal(Samples().Select(sample => sample.Record).Order(), Goldens.Select(row => row.Data.Item1).Order());

    [Theory, MemberData(nameof(Goldens))]
    public void The_json_of_a_record_is_letter_by_letter(string record, string golden)
    {
        var some = Samples().First(sample => sample.Record == record);
        Assert.Equal(golden, JsonSerializer.Serialize(some.Value, some.Value.GetType(), WireOptions.Options));
        var back = JsonSerializer.Deserialize(golden, some.Value.GetType(), WireJson.Default);
        Assert.Equal(golden, JsonSerializer.Serialize(back, some.Value.GetType(), WireOptions.Options));
    }

    [Fact]
    public void Every_record_has_exactly_the_members_of_the_contract()
    {
        var contract = Contract.Read();
        var faults = Samples().SelectMany(sample => contract.Faults(
            JsonSerializer.SerializeToElement(sample.Value, sample.Value.GetType(), WireJson.Default), sample.Record, sample.Record));
        Assert.Empty(faults);
    }

    [Fact]
    public void Every_record_of_the_contract_is_tried_here()
    {
        var contract = Contract.Read();
        // Those that only stand inside others are tried with them.
        string[] inside = ["id", "named", "user", "generation", "access-token", "authorized-user", "registry-source", "registry-support", "collaborating-user", "permission", "person", "source-blob", "buildpack", "source-urls", "blob", "artifact",
            "dyno-release", "cost", "ssl-cert", "pipeline-owner", "promotion-source", "diff-side", "diff-commit", "diff-file", "region-provider", "nothing",
            "setup-build", "postdeploy", "heroku-identity", "github-identity", "pull-requests", "repository-reference", "repository-owner", "branch-commit", "compared-commit", "commit", "commit-author"];
        Assert.Equal(contract.Records.Except(inside).Order(), Samples().Select(s => s.Record[1..]).Order());
    }

    [Fact]
    public void Every_record_can_be_read_by_its_type_alone()
    {
        var records = typeof(WireJson).Assembly.GetExportedTypes().Where(t => t.Name.EndsWith("Wire", StringComparison.Ordinal));
        Assert.All(records, type => Assert.NotNull(WireJson.Default.GetTypeInfo(type)));
    }

    private static IEnumerable<(string Record, object Value)> Samples()
    {
        var (named, user, only) = (new NamedWire(Id, "shop"), new UserWire(Id, "ada@localhost"), new IdWire(Id));
        const string Url = "http://localhost:5000/x";
        yield return ("@error", new ErrorWire("not_found", "Couldn't find that app: shop.", "app"));
        yield return ("@account", new AccountWire { Id = Id, Email = "ada@localhost", Name = null, CreatedAt = At, UpdatedAt = At });
        yield return ("@feature", new FeatureWire { Id = Id, Name = "f", DisplayName = "F", Description = "", DocUrl = Url, FeedbackEmail = "a@b", Enabled = true, State = "beta", CreatedAt = At, UpdatedAt = At });
        yield return ("@authorization", new AuthorizationWire
        {
            Id = Id, AccessToken = new(Id, "sluice_**********wxyz", 60), Description = "ci", Scope = ["read"], Session = null, User = new(Id, "ada@localhost", null), CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@session", new SessionWire { Id = Id, Description = "login", ExpiresIn = null, CreatedAt = At, UpdatedAt = At });
        yield return ("@key", new SshKeyWire { Id = Id, Comment = "ada@laptop", Email = "ada@localhost", Fingerprint = "SHA256:x", PublicKey = "ssh-ed25519 x", CreatedAt = At, UpdatedAt = At });
        yield return ("@log_drain", new LogDrainWire { Id = Id, App = named, Token = $"d.{Id}", Url = "syslog://logs.example.com:514", CreatedAt = At, UpdatedAt = At });
        yield return ("@domain", new DomainWire { Id = Id, App = named, Hostname = "www.shop.example", Kind = "custom", Cname = "shop.localhost", CreatedAt = At, UpdatedAt = At });
        yield return ("@sni-endpoint", new SniEndpointWire
        {
            Id = Id, Name = "tokyo", App = named, CertificateChain = "PEM", Domains = [Id], CreatedAt = At, UpdatedAt = At,
            SslCert = new SslCertWire { Id = Id, CertDomains = ["www.shop.example"], Subject = "/CN=a", Issuer = "/CN=b", StartsAt = At, ExpiresAt = At, IsCaSigned = true, IsSelfSigned = false },
        });
        yield return ("@registry-buildpack", new RegistryBuildpackWire { Id = Id, Namespace = "heroku", Name = "nodejs", Description = "", BlobUrl = "urn:buildpack:heroku/nodejs", Support = new("website", Url) });
        yield return ("@registry-revision", new RegistryRevisionWire(Id, 1, "published", null, At));
        yield return ("@registry-readme", new RegistryReadmeWire("eA=="));
        yield return ("@collaborator", new CollaboratorWire { Id = Id, App = named, User = new(Id, "a@b", false), Role = "owner", Permissions = [new("view", "")], CreatedAt = At, UpdatedAt = At });
        yield return ("@app", new AppWire
        {
            Id = Id, Name = "shop", Owner = user, Region = named, Stack = named, BuildStack = named, Generation = GenerationWire.Cedar, WebUrl = Url, GitUrl = Url,
            Maintenance = false, ReleasedAt = null, CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@team-app", new AppWire
        {
            Id = Id, Name = "shop", Owner = user, Region = named, Stack = named, BuildStack = named, Generation = GenerationWire.Cedar, WebUrl = Url, GitUrl = Url,
            Maintenance = false, Joined = true, Locked = true, Team = named, ReleasedAt = null, CreatedAt = At, UpdatedAt = At,
        });
        var person = new PersonWire(Id, "a@b", null);
        yield return ("@metric-point", new MetricPointWire { At = At, Requests = 0, ClientErrors = 0, ServerErrors = 0, P50 = null, P95 = null, P99 = null, Memory = null, Cpu = null });
        yield return ("@metrics", new MetricsWire { App = new NamedWire(Id, "shop"), Minutes = 60, Points = [new MetricPointWire { At = At, Requests = 3, ClientErrors = 0, ServerErrors = 1, P50 = 4, P95 = null, P99 = null, Memory = 1 << 20, Cpu = 1.5 }] });
        yield return ("@quota", new QuotaWire("drains", 10, 5, "log drains"));
        yield return ("@secret-key", new SecretKeyWire { Number = 1, Waiting = 0, CreatedAt = At });
        yield return ("@known-account", new KnownAccountWire { Id = Id, Email = "a@b", Name = null, Administrator = false, CreatedAt = At, UpdatedAt = At });
        yield return ("@team", new TeamWire { Id = Id, Name = "acme", Role = "admin", CreatedAt = At, UpdatedAt = At });
        yield return ("@team-member", new TeamMemberWire { Id = Id, Email = "a@b", Role = "viewer", User = person, CreatedAt = At, UpdatedAt = At });
        yield return ("@team-invitation", new TeamInvitationWire { Id = Id, InvitedBy = person, Team = named, Role = "member", User = person, CreatedAt = At, UpdatedAt = At });
        yield return ("@app-transfer", new AppTransferWire { Id = Id, App = named, Owner = user, Recipient = user, State = "pending", CreatedAt = At, UpdatedAt = At });
        yield return ("@pipeline-transfer", new PipelineTransferWire(only, new(Id, "user"), new(Id, "team")));
        yield return ("@build", new BuildWire
        {
            Id = Id, App = only, User = user, Status = "failed", SourceBlob = new(Url), Buildpacks = [new(Url)], Stack = "debian-12", OutputStreamUrl = Url, Slug = null,
            Release = null, CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@buildpack-installation", new BuildpackInstallationWire(0, new(Url, "heroku/nodejs")));
        yield return ("@source", new SourceWire(new(Url, Url)));
        yield return ("@slug", new SlugWire
        {
            Id = Id, Blob = new("get", Url), Checksum = "SHA256:00", Commit = null, CommitDescription = null, BuildpackProvidedDescription = null,
            ProcessTypes = new Dictionary<string, string> { ["web"] = "node > x" }, Size = 12, Stack = new(Id, "debian-12"), CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@release", new ReleaseWire
        {
            Id = Id, App = named, Version = 7, Description = "Deploy 0f0a53b", Status = "succeeded", Current = true, Slug = only, User = user, OutputStreamUrl = null,
            EligibleForRollback = true, CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@formation", new FormationWire { Id = Id, App = named, Type = "web", Command = "x", Quantity = 1, Size = "Basic", DynoSize = named, CreatedAt = At, UpdatedAt = At });
        yield return ("@dyno", new DynoWire { Id = Id, App = named, Name = "web.1", Type = "web", Command = "x", Size = "Basic", State = "up", Release = new(Id, 7), CreatedAt = At, UpdatedAt = At });
        yield return ("@dyno-size", new DynoSizeWire { Id = Id, Name = "Basic", Memory = 0.5, Compute = 1, PreciseDynoUnits = 1, Dedicated = false, Architecture = "amd64" });
        yield return ("@log-session", new LogSessionWire(Id, Url, At, At));
        yield return ("@pipeline", new PipelineWire { Id = Id, Name = "shop", Owner = new(Id, "user"), Stages = ["staging"], CreatedAt = At, UpdatedAt = At });
        yield return ("@pipeline-coupling", new CouplingWire { Id = Id, App = named, Pipeline = named, Stage = "staging", StageName = "canary", CreatedAt = At, UpdatedAt = At });
        yield return ("@pipeline-promotion", new PromotionWire { Id = Id, Pipeline = null, Source = new(only, only), Status = "pending", CreatedAt = At, UpdatedAt = null });
        yield return ("@pipeline-promotion-target", new PromotionTargetWire { Id = Id, App = only, PipelinePromotion = only, Release = null, Status = "failed", ErrorMessage = "No." });
        yield return ("@diff", new DiffWire
        {
            From = new(named, 2, "0f", "SHA256:00"), To = new(named, null, null, null), Method = "ancestry", AheadBy = 1, BehindBy = 0, Commits = [new("0f", At, "Fix", "Ada")], Files = [new("a", "added")],
        });
        yield return ("@app-setup", new AppSetupWire { Id = Id, App = named, Build = new(Id, "pending", Url), Status = "pending", FailureMessage = null, ResolvedSuccessUrl = null, CreatedAt = At, UpdatedAt = At });
        yield return ("@github-account", new GithubAccountWire(Id, new(Id), new(7, "token")));
        yield return ("@app-link", new AppLinkWire
        {
            AppId = Id, App = only, Repo = "sluice/shop", RepoId = 7, RepoHost = "api.github.com", Branch = null, AutoDeploy = true, WaitForCi = false,
            PullRequests = new(true, true, false), Owner = user, CreatedAt = At, UpdatedAt = At,
        });
        yield return ("@pipeline-repository", new PipelineRepositoryWire { Id = Id, Ci = true, Owner = only, Pipeline = only, Repository = new(7, "sluice/shop"), CreatedAt = At, UpdatedAt = At });
        yield return ("@repository", new RepositoryWire { Id = 7, Name = "shop", FullName = "sluice/shop", Owner = new("sluice"), DefaultBranch = "main", CloneUrl = Url });
        yield return ("@branch", new BranchWire("main", new("0f")));
        yield return ("@archive-link", new ArchiveLinkWire(Url));
        yield return ("@comparison", new ComparisonWire { Status = "ahead", AheadBy = 1, BehindBy = 0, TotalCommits = 1, Commits = [new("0f", new(new("Ada", "a@b", At), "Fix"))] });
        yield return ("@stage", new StageWire("canary", false, "staging", 2));
        yield return ("@edge", new EdgeWire(named, named, At));
        yield return ("@promotes-to", new PromotesToWire(named, "production", [named], null));
        yield return ("@stack", new StackWire { Id = Id, Name = "debian-12", State = "public", Default = true, CreatedAt = At, UpdatedAt = At });
        yield return ("@region", new RegionWire
        {
            Id = Id, Name = "us", Description = "", Country = "", Locale = "", PrivateCapable = false, Provider = new("self-hosted", "us-east-1"), CreatedAt = At, UpdatedAt = At,
        });
    }
}
