using System.CommandLine;
using Sluice.Cli.Git;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Remotes;

internal sealed class GitRemoteSet : CliCommand
{
    public static readonly About Is = new("git:remote", "Add a git remote for an app to this folder", "sluice git:remote -a shop-staging", () => new GitRemoteSet())
    {
        More = "Git asks the command line for the key when it pushes; the key is written into no file of the folder.",
    };

    private readonly Argument<string?> named = Flags.Optional("APP", "the app, when --app is not given");
    private readonly Option<string?> app = Flags.App();
    private readonly Option<string> remote = new("--remote", "-r") { Description = "name of the git remote", HelpName = "REMOTE", DefaultValueFactory = _ => AppRemote.DefaultName };

    public GitRemoteSet() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(app);
        Options.Add(remote);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var asked = run.Value(named) ?? run.Value(app) ?? run.Surroundings.Variable("SLUICE_APP") ?? throw StopException.Usage("Which app? Give --app APP.");
        var found = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(asked)}", ct);
        var name = await AppRemote.AddAsync(run, found.Name, run.Value(remote)!, ct) ?? throw StopException.Failed("This is no git folder. Make it one with: git init");
        run.Terminal.Line($"set git remote {name} to {AppRemote.UrlOf(run.Location, found.Name)}");
        return ExitCode.Ok;
    }
}
