using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>The first word chooses what this process is. One sentence and a code other than 0 when it cannot be that.</summary>
internal static class Start
{
    /// <summary>As the command line's own for what it does not understand (sysexits' EX_USAGE).</summary>
    private const int Misused = 64;

    public static async Task<int> RunAsync(string[] args, Func<UpOptions, Task<int>> server, Func<AgentHost, UpOptions, AgentHost> agent)
    {
        if (args is ["up", .. var asked] && asked.Any(word => word is "--help" or "-h" or "help"))
        {
            Console.WriteLine(UpOptions.Usage);
            return 0;
        }
        using var telemetry = args is [Launch.Server or Launch.Router or Launch.Agent, ..] ? Telemetry.Open(args[0], Environment.GetEnvironmentVariable) : null;
        try
        {
            return args switch
            {
                ["up", .. var flags] => await new Supervisor(Read(flags), Console.Error, TimeProvider.System).RunAsync(),
                ["restart", var what, .. var flags] when !what.StartsWith('-') => await RestartAsync(what, Read(flags)),
                ["connect", .. var words] => await Connecting.RunAsync(words),
                ["server", .. var flags] => await server(Read(flags)),
                ["router", .. var flags] => await RouterRole.RunAsync(Read(flags)),
                ["agent", .. var flags] => await AgentRole.RunAsync(Read(flags), agent),
                _ => throw new UsageException("This is the server's binary: sluice up [flags] starts it, sluice restart server|router|agent|all replaces a part of it."),
            };
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return args is not ["up" or "restart" or "connect", ..] ? RoleExit.Refused : e.IsMisuse ? Misused : 1;
        }
    }

    private static UpOptions Read(string[] flags) => UpOptions.Parse(flags, Environment.GetEnvironmentVariable, Libc.geteuid() == 0);

    private static async Task<int> RestartAsync(string what, UpOptions options)
    {
        if (await RestartRequests.AskAsync(options.Data, what) is { } complaint)
            throw new UsageException(complaint);
        return 0;
    }
}
