using System.CommandLine;

namespace Sluice.Cli.Commands.Remotes;

/// <summary>What git runs to learn the key of our server; it speaks git's credential protocol and answers for no other host.</summary>
internal sealed class GitCredentials : CliCommand
{
    public static readonly About Is = new("git:credentials", "Answer git when it asks for a key", "git config credential.http://localhost:5000.helper '!sluice git:credentials'", () => new GitCredentials()) { Hidden = true };

    private readonly Argument<string> wish = Flags.Needed("WISH", "get, store or erase, as git says it");

    public GitCredentials() : base(Is) => Arguments.Add(wish);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        if (run.Value(wish) is not "get")
        {
            return ExitCode.Ok;
        }

        var asked = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await run.Terminal.ReadLineAsync(ct) is { Length: > 0 } line)
        {
            var parts = line.Split('=', 2);
            asked[parts[0]] = parts.ElementAtOrDefault(1) ?? "";
        }

        var url = run.Location.Url;
        var host = asked.GetValueOrDefault("host", "");
        if (run.Location.Key is not null && asked.GetValueOrDefault("protocol") is "http" or "https"
            && Uri.TryCreate($"{url.Scheme}://{host}", UriKind.Absolute, out var other) && other.Port == url.Port
            && (other.Host == url.Host || (other.IsLoopback && url.IsLoopback)))
        {
            run.Terminal.Line("username=sluice");
            run.Terminal.Line("password=" + run.Location.Key);
        }

        return ExitCode.Ok;
    }
}
