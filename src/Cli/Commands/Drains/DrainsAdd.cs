using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Drains;

internal sealed class DrainsAdd : AppCommand
{
    public static readonly About Is = new("drains:add", "Send an app's log to a receiver as it grows", "sluice drains:add syslog+tls://logs.example.com:6514 -a shop", () => new DrainsAdd())
    {
        More = "syslog://HOST:PORT and syslog+tls://HOST:PORT get syslog messages (RFC 5424, octet counted); https://… gets them by POST as from Heroku's Logplex.\n"
            + "Drains lead to the public network, unless the server was started with --private-drains.",
    };

    private readonly Argument<string> url = Flags.Needed("URL", "where to send it");
    private readonly Option<bool> json = Flags.Json();

    public DrainsAdd() : base(Is)
    {
        Arguments.Add(url);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var added = await run.Server.PostAsync<CreateLogDrainWire, LogDrainWire>(DrainsList.Path(app), new(run.Value(url)!), ct);
        if (run.Value(json))
        {
            run.Json(added);
        }
        else
        {
            run.Terminal.Line($"Successfully added drain {added.Url}");
        }

        return ExitCode.Ok;
    }
}
