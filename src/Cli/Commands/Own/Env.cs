using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Cli.Server;

namespace Sluice.Cli.Commands.Own;

internal sealed class Env : CliCommand
{
    public static readonly About Is = new("env", "Print what points the unmodified Heroku CLI at this server", "eval \"$(sluice env)\"", () => new Env())
    {
        More = "Prints export lines and nothing else; when it cannot, the one word false, so that an eval of it fails. The lines also keep the key from being sent to any other host. Git's settings are for this\n"
            + "server's address alone: pushes to other hosts stay as they are.\n\n"
            + "Some commands of the Heroku CLI ask hosts that it has wired in (pipelines:diff, pipelines:connect, pipelines:setup). With --companion\n"
            + "the server answers in their place, by a proxy on this machine that forwards nothing: in that shell no other https host is reached, git aside.\n"
            + "Use a shell of its own: (eval \"$(sluice env --companion)\" && heroku pipelines:diff -a shop-staging)",
    };

    private readonly Option<bool> companion = new("--companion") { Description = "also answer for the hosts that the Heroku CLI has wired in" };

    public Env() : base(Is) => Options.Add(companion);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        try
        {
            return await PrintAsync(run, ct);
        }
        catch (StopException)
        {
            // What the shell evaluates must fail: a heroku command after && would go to the real one.
            run.Terminal.Line("false");
            throw;
        }
    }

    private async Task<ExitCode> PrintAsync(Run run, CancellationToken ct)
    {
        var url = run.Location.Url;
        if (!url.IsLoopback)
        {
            throw StopException.Failed($"The Heroku CLI sends its key to localhost alone, and {run.Location.Address} is elsewhere. Put it on a port of this machine: sluice connect {run.Location.Address}");
        }

        var key = run.Location.Key ?? throw new StopException(ExitCode.NotLoggedIn, $"No key is known for {run.Location.Address}. Log in with: sluice login {run.Location.Address}");
        var proxy = run.Value(companion) ? CompanionEnv.Find(run) : null;
        var git = GitSettings(run, url).Concat(proxy is null ? [] : await proxy.GitSettingsAsync(ct));
        foreach (var (name, value) in Variables(run, url, key).Concat(proxy?.Variables(Together) ?? []).Concat(GitVariables(run, git)))
        {
            run.Terminal.Line($"export {name}={Shell.Quote(value)}");
        }

        return ExitCode.Ok;
    }

    private static IEnumerable<(string Name, string Value)> Variables(Run run, Uri url, string key)
    {
        // Node resolves localhost; it does not resolve names below it.
        var api = $"{url.Scheme}://localhost:{url.Port}";
        yield return ("HEROKU_HOST", api);
        yield return ("HEROKU_API_KEY", key);
        yield return ("HEROKU_GIT_HOST", $"localhost:{url.Port}");
        yield return ("HEROKU_PARTICLEBOARD_URL", api);
        yield return ("HEROKU_LOGIN_HOST", api);
        yield return ("HEROKU_BUILDPACK_REGISTRY_URL", api);
        yield return ("HEROKU_CI_WEBSOCKET_URL", $"ws://localhost:{url.Port}/socket");
        yield return ("HEROKU_STATUS_HOST", api);
        yield return ("HEROKU_ANALYTICS_URL", api);
        yield return ("HEROKU_DATA_HOST", "localhost");
        yield return ("PGDIAGNOSE_URL", "localhost");
        yield return ("DISABLE_TELEMETRY", "true");
        yield return ("HEROKU_SKIP_NEW_VERSION_CHECK", "1");
        yield return ("HEROKU_DISABLE_AUTOUPDATE", "1");
        if (Authority(run) is { } ca)
        {
            yield return ("NODE_EXTRA_CA_CERTS", Together(run, ca, "NODE_EXTRA_CA_CERTS"));

            // Where it is set, git asks no settings about it.
            if (run.Surroundings.Variable("GIT_SSL_CAINFO") is not null)
            {
                yield return ("GIT_SSL_CAINFO", Together(run, ca, "GIT_SSL_CAINFO"));
            }
        }
    }

    private static IEnumerable<(string Key, string Value)> GitSettings(Run run, Uri url) =>
        Authority(run) is { } ca
            ? [($"http.https://localhost:{url.Port}/.sslCAInfo", ca)]

            // Without an authority of its own the port speaks plain HTTP: pushes to the https address that the Heroku CLI writes go to the same port in plain, with our key.
            : [($"url.http://localhost:{url.Port}/.pushInsteadOf", $"https://localhost:{url.Port}/"),
               ($"credential.http://localhost:{url.Port}.helper", $"!{Shell.Quote(run.Surroundings.OwnCommand)} git:credentials")];

    /// <summary>Added after settings of this kind that the shell has already.</summary>
    private static IEnumerable<(string Name, string Value)> GitVariables(Run run, IEnumerable<(string Key, string Value)> settings)
    {
        var count = int.TryParse(run.Surroundings.Variable("GIT_CONFIG_COUNT"), out var already) && already > 0 ? already : 0;
        foreach (var (key, value) in settings)
        {
            yield return ($"GIT_CONFIG_KEY_{count}", key);
            yield return ($"GIT_CONFIG_VALUE_{count}", value);
            count++;
        }

        yield return ("GIT_CONFIG_COUNT", $"{count}");
    }

    /// <summary>The authorities that the shell names already, and ours, in one file: what else it trusted there it goes on trusting.</summary>
    private static string Together(Run run, string ca, string variable)
    {
        var both = Path.Combine(Path.GetDirectoryName(new SavedLogins(run.Surroundings).Path)!, $"{variable}.{run.Location.Url.Port}.pem");
        if (run.Surroundings.Variable(variable) is not { } theirs || theirs == ca || !File.Exists(theirs))
        {
            return ca;
        }

        if (theirs != both)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(both)!);
            File.WriteAllText(both, $"{File.ReadAllText(theirs).TrimEnd()}\n{File.ReadAllText(ca)}");
        }

        return both;
    }

    /// <summary>The private CA of a server on this machine; null when it has none.</summary>
    private static string? Authority(Run run) =>
        run.Location.DataFolder is { } folder && Path.Combine(folder, "ca.pem") is var file && File.Exists(file) ? file : null;
}
