using System.CommandLine;
using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Cli;

/// <summary>From words to an exit code: finds the command, parses its flags, runs it, and tells what went wrong in one sentence.</summary>
internal static class CommandLine
{
    public static async Task<ExitCode> RunAsync(string[] args, Surroundings surroundings, CancellationToken ct)
    {
        if (args is [] or ["--help"] or ["-h"] or ["help"])
        {
            Help.Overview(surroundings.Terminal);
            return ExitCode.Ok;
        }

        if (args is ["--version"] or ["-v"])
        {
            args = ["version"];
        }

        var asked = args[0] is "help" ? args.ElementAtOrDefault(1)! : args[0];
        var about = Catalog.Find(asked);
        if (args[0] is "help" && Help.Topic(asked, surroundings.Terminal))
        {
            return ExitCode.Ok;
        }

        if (about is null)
        {
            return Unknown(asked, surroundings);
        }

        if (args[0] is "help" || args.TakeWhile(a => a is not "--").Any(a => a is "--help" or "-h"))
        {
            Help.Command(about.Make(), surroundings.Terminal);
            return ExitCode.Ok;
        }

        return await RunAsync(about, args, surroundings, ct);
    }

    private static async Task<ExitCode> RunAsync(About about, string[] args, Surroundings surroundings, CancellationToken ct)
    {
        var command = about.Make();
        var parsed = command.Parse(args[1..], new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (Misunderstood.In(parsed) is { Length: > 0 } faults)
        {
            surroundings.Terminal.Error($"{string.Join("\n", faults)}\nSee: sluice help {about.Name}");
            return ExitCode.Usage;
        }

        using var run = new Run(parsed, surroundings);
        try
        {
            return await command.RunAsync(run, ct);
        }
        catch (StopException stop)
        {
            surroundings.Terminal.Error(stop.Message);
            return stop.Code;
        }
        catch (SluiceException refused) when (refused.Status == 401)
        {
            surroundings.Terminal.Error($"The server at {run.Location.Address} does not know this key. Log in again with: sluice login {run.Location.Address}");
            return ExitCode.NotLoggedIn;
        }
        catch (SluiceException refused)
        {
            surroundings.Terminal.Error(refused.Message);
            return ExitCode.Refused;
        }
        catch (HttpRequestException broken)
        {
            surroundings.Terminal.Error($"The server at {run.Location.Address} does not answer ({broken.InnerException?.Message ?? broken.Message}). "
                + (run.Location.DataFolder is { } folder ? $"Start it with: sluice up --data {folder}" : "Is it running, and is that its address?"));
            return ExitCode.Unreachable;
        }
        catch (IOException cut)
        {
            surroundings.Terminal.Error($"The connection to {run.Location.Address} broke off ({cut.Message}). What the server had accepted goes on there.");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            surroundings.Terminal.Error($"The server at {run.Location.Address} took too long to answer. What it had accepted goes on there.");
            return ExitCode.Unreachable;
        }
        catch (JsonException unreadable)
        {
            surroundings.Terminal.Error($"The answer of {run.Location.Address} is not Sluice's: {unreadable.Message} Is that its address?");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    private static ExitCode Unknown(string asked, Surroundings surroundings)
    {
        if (asked is "pipelines:connect" or "pipelines:setup")
        {
            surroundings.Terminal.Error($"{asked} is a command of the Heroku CLI, which works with this server in a shell after: eval \"$(sluice env --companion)\"");
            return ExitCode.Usage;
        }

        var near = Catalog.Near(asked);
        surroundings.Terminal.Error($"{asked} is no sluice command." + (near.Length > 0 ? $" Did you mean {string.Join(" or ", near)}?" : "") + "\nSee: sluice help");
        return ExitCode.Usage;
    }
}
