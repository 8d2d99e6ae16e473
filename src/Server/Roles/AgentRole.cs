using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>The agent's frame: what it answers to the roles beside it; what it does for apps is registered by the folders.</summary>
internal static class AgentRole
{
    /// <summary>Answers when the agent takes requests.</summary>
    public const string Ready = "ready";

    public static async Task<int> RunAsync(UpOptions options, Func<AgentHost, UpOptions, AgentHost> compose)
    {
        var signals = new RoleSignals();
        var host = compose(new AgentHost(options.Data), options).On<Nothing, Nothing>(Ready, (word, _, _) => Task.FromResult(word));
        try
        {
            await host.StartAsync(signals.Token);
        }
        catch (AgentException e)
        {
            throw new UsageException(e.Message);
        }
        var serving = host.ServeAsync(signals.Token);
        RoleMark.Write(options.Data, Launch.Agent);
        await serving;
        return 0;
    }
}
