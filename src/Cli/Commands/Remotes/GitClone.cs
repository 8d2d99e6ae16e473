using System.CommandLine;
using Sluice.Cli.Git;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Remotes;

internal sealed class GitClone : CliCommand
{
    public static readonly About Is = new("git:clone", "Clone an app's repository", "sluice git:clone -a shop-staging", () => new GitClone())
    {
        More = "Git asks the command line for the key; it is written into no file of the folder.",
    };

    private readonly Argument<string?> folder = Flags.Optional("FOLDER", "where to; the app's name when it is not given");
    private readonly Option<string?> app = Flags.App();
    private readonly Option<string> remote = new("--remote", "-r") { Description = "name of the git remote", HelpName = "REMOTE", DefaultValueFactory = _ => AppRemote.DefaultName };

    public GitClone() : base(Is)
    {
        Arguments.Add(folder);
        Options.Add(app);
        Options.Add(remote);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var asked = run.Value(app) ?? run.Surroundings.Variable("SLUICE_APP") ?? throw StopException.Usage("Which app? Give --app APP.");
        var found = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(asked)}", ct);
        var code = await run.Git.CloneAsync(
            AppRemote.UrlOf(run.Location, found.Name), run.Value(folder) ?? found.Name, run.Value(remote)!, run.Location.Address, run.Surroundings.OwnCommand, ct);
        return code == 0 ? ExitCode.Ok : throw StopException.Failed($"git clone ended with {code}.");
    }
}
