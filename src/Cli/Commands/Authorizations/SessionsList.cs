using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class SessionsList : CliCommand
{
    public static readonly About Is = new("sessions", "List your logins: keys that a client made with your address and key", "sluice sessions", () => new SessionsList());

    private readonly Option<bool> json = Flags.Json();

    public SessionsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var sessions = await run.Server.ListAsync<SessionWire>("/oauth/sessions", ct);
        if (run.Value(json))
        {
            run.Json(sessions);
            return ExitCode.Ok;
        }

        if (sessions.Count == 0)
        {
            run.Terminal.Note("No OAuth sessions.");
            return ExitCode.Ok;
        }

        var table = new Table("Description", "ID");
        foreach (var session in sessions.OrderBy(s => s.Description, StringComparer.Ordinal))
        {
            table.Add(session.Description, session.Id.ToString());
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
