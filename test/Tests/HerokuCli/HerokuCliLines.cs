namespace Sluice.Tests.HerokuCli;

/// <summary>One line of <c>docs/heroku-cli.md</c>.</summary>
/// <param name="Line">As typed after <c>heroku</c>. A word in capitals stands for what an earlier line has shown.</param>
/// <param name="Shows">Stands in what it prints, white space aside; all parts of it when it has an ellipsis.</param>
/// <param name="Note">How, or what else to know; empty when it simply works.</param>
internal sealed record HerokuCliLine(string Line, string Shows, string Note = "", bool Companion = false, bool Works = true)
{
    /// <summary>Who types it, when it is not the administrator.</summary>
    public string? Who { get; init; }

    /// <summary>The capital word, and where in the output it stands, for the lines that follow.</summary>
    public (string Word, string Pattern)? Keeps { get; init; }

    public bool IsShownBy(string said) => Shows.Split(" … ").All(part => said.Contains(part, StringComparison.Ordinal));

    /// <summary>What an address of the API tells after it.</summary>
    public (string Path, string Text)? Leaves { get; init; }

    /// <summary>What an address of the API tells no longer after it; all of it, when empty.</summary>
    public (string Path, string Text)? Gone { get; init; }

    /// <summary>How it is typed when it does not end by itself, or asks; <c>heroku</c> is on the PATH.</summary>
    public string? Script { get; init; }
}

/// <summary>The page's lines, in the order in which they are typed.</summary>
internal static class HerokuCliLines
{
    public static readonly (string Title, HerokuCliLine[] Lines)[] All =
    [
        ("Pipelines",
        [
            new("pipelines:create guide -a guide-staging -s staging", "Creating guide pipeline... done … Adding guide-staging to guide pipeline as staging... done"),
            new("pipelines:add guide -a guide -s development", "Adding guide to guide pipeline as development... done"),
            new("pipelines:update -a guide -s production", "Changing guide to production... done"),
            new("pipelines", "=== My Pipelines"),
            new("pipelines:info guide", "owner: admin@localhost … guide-staging staging guide production"),
            new("pipelines:promote -a shop-staging", "Running release command... migrating for Production … Promotion successful shop: succeeded", "the output of the release command of a single target is streamed; also `--to APP,APP`; the exit code is 1 when a target failed"),
            new("pipelines:diff -a shop-staging", "shop-staging is up to date with shop", "from the repositories of the server; the address of github.com below a list of commits is fixed text; it knows no stages of a pipeline's own, and tells of an app without git history or without releases only that: `sluice diff` compares those, too", Companion: true),
            new("pipelines:connect guide -r sluice/shop-staging", "Linking to repo... done", "each app's repository is `sluice/APP`", Companion: true) { Leaves = ("/pipelines/guide/repo", "shop-staging") },
            new("pipelines:setup oven sluice/shop-staging -y", "Configuring pipeline... done", "app.json without add-ons and postdeploy script; automatic deploys, tests and review apps are kept, but nothing acts on them yet; tries to open dashboard.heroku.com at its end; when a name is taken, the new pipeline stays behind without apps", Companion: true),
            new("pipelines:rename guide handbook", "Renaming guide pipeline to handbook... done"),
            new("pipelines:transfer writers -p handbook -c handbook", "Transferring handbook pipeline to the writers team... done", "to a team that you are in, or to one of its members") { Leaves = ("/pipelines/handbook", "\"type\":\"team\"") },
            new("pipelines:remove -a guide", "Removing guide... done") { Gone = ("/apps/guide/pipeline-couplings", "") },
            new("pipelines:destroy handbook", "Destroying handbook pipeline... done") { Gone = ("/pipelines/handbook", "") },
            new("pipelines:open shop", "Opening https://dashboard.heroku.com/pipelines/", "the address is wired in: use `sluice pipelines:open shop`", Works: false),
        ]),
        ("Apps, config and releases",
        [
            new("apps:create draft", "/draft.git"),
            new("apps", "draft"),
            new("config:set GREETING=Hello -a draft", "Setting GREETING and restarting draft... done, v2"),
            new("config -a draft", "GREETING: Hello"),
            new("config:get GREETING -a draft", "Hello"),
            new("apps:diff draft guide", "config (GREETING)", "config vars, buildpacks, features and the slug's checksum"),
            new("config:unset GREETING -a draft", "Unsetting GREETING and restarting draft... done, v3") { Gone = ("/apps/draft/config-vars", "GREETING") },
            new("apps:rename sketch -a draft", "Renaming draft to sketch... done"),
            new("apps:info -a sketch", "Owner: admin@localhost … Stack: debian-12"),
            new("apps:destroy -a sketch -c sketch", "Destroying sketch (including all add-ons)... done") { Gone = ("/apps/sketch", "") },
            new("git:remote -a shop-staging", "set git remote heroku to https://localhost:", "then plain `git push heroku main`"),
            new("git:clone -a shop-staging", "Cloning into 'shop-staging'..."),
            new("releases -a shop-staging", "shop-staging Releases - Current: v3"),
            new("releases:info -a shop-staging", "=== Release v3"),
            new("releases:output -a shop-staging", "migrating for Staging"),
            new("releases:retry -a shop-staging", "Retrying v3 on shop-staging... done, v4 … Running release command... migrating for Staging", "the newest slug once more, with its release command; how that ends is not in its exit code, but in that of `sluice releases:retry`"),
            new("rollback v3 -a shop-staging", "Rolling back shop-staging to v3... done, v5") { Leaves = ("/apps/shop-staging/releases/5", "Rollback to v3") },
        ]),
        ("Buildpacks",
        [
            new("buildpacks:set heroku/nodejs -a guide", "Next release on guide will use heroku/nodejs"),
            new("buildpacks:add heroku/python -i 1 -a guide", "1. heroku/python 2. heroku/nodejs"),
            new("buildpacks -a guide", "1. heroku/python 2. heroku/nodejs"),
            new("buildpacks:remove heroku/python -a guide", "will use heroku/nodejs") { Gone = ("/apps/guide/buildpack-installations", "heroku/python") },
            new("buildpacks:clear -a guide", "Buildpacks cleared.") { Gone = ("/apps/guide/buildpack-installations", "heroku/") },
            new("buildpacks:search python", "heroku/python", "in the registry of this server, which has the bundled ones"),
            new("buildpacks:info heroku/dotnet", "description: .NET"),
            new("buildpacks:versions heroku/dotnet", "published"),
        ]),
        ("Dynos, logs and drains",
        [
            new("ps:scale web=2 worker=1 -a shop-staging", "now running web at 2:Basic, worker at 1:Basic", "also with a size: `web=2:standard-1x`"),
            new("ps:type web=standard-1x -a shop-staging", "Standard-1X") { Leaves = ("/apps/shop-staging/formation/web", "tandard-1") },
            new("ps:wait -a shop-staging", "", "waits until all dynos run the newest release"),
            new("ps:restart -a shop-staging", "Restarting all dynos on shop-staging... done", "also one dyno or one process type"),
            new("run -x -a shop-staging -- echo hello", "hello", "over TLS on the one port; terminal and its size, pipes, Ctrl-C and the exit code; nothing in between may take TLS apart"),
            new("run:detached -a shop-staging -- sleep 600", "Run heroku logs --app shop-staging --dyno run.") { Keeps = ("RUN", @"--dyno (run\.\d+)") },
            new("ps -a shop-staging", "=== run: one-off processes"),
            new("ps:kill --dyno-name RUN -a shop-staging", "done") { Gone = ("/apps/shop-staging/dynos", "RUN") },
            new("ps:stop --process-type worker -a shop-staging", "Stopping all worker dynos on shop-staging... done"),
            new("logs -n 5 --source app -a shop-staging", "app[", "also `--dyno-name`, `--process-type`"),
            new("logs --tail -a shop-staging", "]: ") { Script = "exec 3< <(exec heroku logs --tail -a shop-staging); head -n 1 <&3; kill $!" },
            new("drains:add syslog+tls://logs.example.com:6514 -a shop-staging", "Successfully added drain syslog+tls://logs.example.com:6514", "syslog, syslog+tls, https, http; to the public network, unless the server runs with `--private-drains`"),
            new("drains -a shop-staging", "=== Drains syslog+tls://logs.example.com:6514 (d."),
            new("drains:remove syslog+tls://logs.example.com:6514 -a shop-staging", "Successfully removed drain syslog+tls://logs.example.com:6514") { Gone = ("/apps/shop-staging/log-drains", "logs.example.com") },
        ]),
        ("Domains, certificates and maintenance",
        [
            new("domains:add www.guide.example -a shop-staging", "DNS Target shop-staging.localhost", "the record to make at the name's own DNS"),
            new("domains:wait www.guide.example -a shop-staging", "Waiting for www.guide.example... done"),
            new("domains -a shop-staging", "shop-staging Heroku Domain shop-staging.localhost … www.guide.example CNAME shop-staging.localhost"),
            new("domains:info www.guide.example -a shop-staging", "kind: custom"),
            new("domains:remove www.guide.example -a shop-staging", "done") { Gone = ("/apps/shop-staging/domains", "www.guide.example") },
            new("certs:add one.crt one.key -a shop-staging", "Common Name(s): www.guide.example … SSL certificate is self signed."),
            new("certs -a shop-staging", "www.guide.example") { Keeps = ("CERT", "(cert-[0-9a-f]{5})") },
            new("domains:add www.guide.example --cert CERT -a shop-staging", "DNS Target shop-staging.localhost"),
            new("domains:update www.guide.example --cert CERT -a shop-staging", "done"),
            new("certs:info -a shop-staging", "Common Name(s): www.guide.example"),
            new("certs:update two.crt two.key --confirm shop-staging -a shop-staging", "Common Name(s): www.guide.example shop.guide.example"),
            new("certs:remove --name CERT --confirm shop-staging -a shop-staging", "from shop-staging... done") { Gone = ("/apps/shop-staging/sni-endpoints", "CERT") },
            new("certs:auto -a shop-staging", "Automatic Certificate Management is disabled on shop-staging"),
            new("certs:auto:enable -a shop-staging", "Your certificate will now be managed by Heroku.", "when the server runs with `--acme`, see [certificates](tls.md); also `--wait`"),
            new("maintenance:on -a shop-staging", "Enabling maintenance mode for shop-staging... done", "visitors see a page, with status 503"),
            new("maintenance -a shop-staging", "on"),
            new("maintenance:off -a shop-staging", "done") { Leaves = ("/apps/shop-staging", "\"maintenance\":false") },
            new("certs:auto --wait -a shop-staging", "Automatic Certificate Management is enabled on shop-staging … www.guide.example Cert issued"),
            new("certs:auto:refresh -a shop-staging", "Refreshing Automatic Certificate Management... done"),
            new("certs:auto:disable -c shop-staging -a shop-staging", "Disabling Automatic Certificate Management... done") { Gone = ("/apps/shop-staging/sni-endpoints", "www.guide.example") },
            new("domains:clear -a shop-staging", "done") { Gone = ("/apps/shop-staging/domains", "www.guide.example") },
        ]),
        ("Teams and access",
        [
            new("teams", "writers admin", "a team is made with `sluice teams:create`"),
            new("orgs", "writers"),
            new("members:add jim@example.com --role member --team writers", "Adding jim@example.com to writers as member... done", "who has an account: `sluice accounts:create` makes one"),
            new("members:set jim@example.com --role viewer --team writers", "Adding jim@example.com to writers as viewer... done"),
            new("members --team writers", "jim@example.com viewer"),
            new("apps:create writers-blog --team writers", "/writers-blog.git"),
            new("apps:join -a writers-blog", "Joining writers-blog... done") { Who = "jim@example.com", Leaves = ("/apps/writers-blog/collaborators", "jim@example.com") },
            new("apps:leave -a writers-blog", "Leaving writers-blog... done") { Who = "jim@example.com", Gone = ("/apps/writers-blog/collaborators", "jim@example.com") },
            new("apps:lock -a writers-blog", "Locking writers-blog... done") { Leaves = ("/teams/apps/writers-blog", "\"locked\":true") },
            new("apps:unlock -a writers-blog", "Unlocking writers-blog... done") { Leaves = ("/teams/apps/writers-blog", "\"locked\":false") },
            new("access:add kim@example.com -a writers-blog -p view", "with view permissions... done", "for an app of a team; for one of a person the Heroku CLI sends no permissions, which gives view, deploy and operate: `sluice access:add -p` gives less"),
            new("access:update kim@example.com -a writers-blog -p operate,deploy", "done"),
            new("access -a writers-blog", "kim@example.com collaborator deploy, operate, view"),
            new("access:remove kim@example.com -a writers-blog", "done") { Gone = ("/apps/writers-blog/collaborators", "kim@example.com") },
            new("apps:transfer writers -a shop", "Transferring shop to writers... done", "to another person it goes when they say `sluice transfers:accept`; nobody gets the e-mail that is told of") { Leaves = ("/apps/shop", "writers") },
            new("members:remove jim@example.com --team writers", "Removing jim@example.com from writers... done") { Gone = ("/teams/writers/members", "jim@example.com") },
        ]),
        ("Keys, sessions and features",
        [
            new("auth:whoami", "admin@localhost"),
            new("auth:2fa", "Two-factor authentication is not enabled"),
            new("auth:token", "sluice_"),
            new("authorizations:create -d reader -s read", "Scope: read") { Keeps = ("ID", "([0-9a-f]{8}-[0-9a-f-]{27})") },
            new("authorizations", "reader"),
            new("authorizations:info ID", "Description: reader … Token: sluice_**********"),
            new("authorizations:update ID -d readers", "Description: readers") { Leaves = ("/oauth/authorizations/ID", "\"description\":\"readers\"") },
            new("authorizations:rotate ID", "sluice_", "the new key is shown this once"),
            new("authorizations:revoke ID", "done, revoked authorization from readers") { Gone = ("/oauth/authorizations/ID", "") },
            new("login -i", "Logged in as admin@localhost", "the password is an API key")
            {
                Script =
                    """
                    coproc CLI { exec heroku login -i 2>&1; }
                    exec 3<&"${CLI[0]}" 4>&"${CLI[1]}"
                    answer() {
                        local seen=
                        while IFS= read -r -n1 -d '' -u 3 letter; do
                            seen+=$letter
                            [[ $seen == *"$1"* ]] || continue
                            sleep 0.5
                            printf '%s\n' "$2" >&4
                            return
                        done
                    }
                    answer Email admin@localhost
                    answer Password "$THE_KEY"
                    tail -n 1 <&3
                    """,
            },
            new("sessions", "Heroku CLI login from") { Script = "heroku sessions" },
            new("logout", "Logging out... done") { Script = "heroku logout" },
            new("keys:add id.pub", "SSH key... done", "kept, and nothing else: git is by HTTPS"),
            new("keys", "admin@localhost keys ssh-ed25519 AAAAC3NzaC...sFWXZtIVPi ada@laptop"),
            new("keys:remove ada@laptop", "Removing ada@laptop SSH key... done") { Gone = ("/account/keys", "ada@laptop") },
            new("keys:clear", "Removing all SSH keys... done"),
            new("labs", "[ ] pipelines"),
            new("labs:enable pipelines", "Enabling pipelines for admin@localhost... done … This feature is experimental and may change or be removed without notice."),
            new("labs:info pipelines", "Enabled: true"),
            new("labs:disable pipelines", "Disabling pipelines for admin@localhost... done") { Leaves = ("/account/features/pipelines", "\"enabled\":false") },
            new("features -a shop-staging", "[+] preboot"),
            new("features:info preboot -a shop-staging", "Enabled: true"),
        ]),
    ];
}
