using Sluice.Runtime;
using Sluice.Slugs;

namespace Sluice.Builds;

internal static class BuildsSetup
{
    public static WebApplicationBuilder AddBuilds(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<BuildTable>();
        builder.Services.AddSingleton<Turns>();
        builder.Services.AddSingleton<BuildWakeup>();
        builder.Services.AddSingleton<BuiltWakeup>();
        builder.Services.AddSingleton<Builder>();
        builder.Services.AddHostedService<BuildWorker>();
        return builder;
    }

    /// <summary>The agent's part of a build.</summary>
    public static AgentHost MapBuilds(this AgentHost host, SandboxHost sandboxes, SlugStore slugs, DataFolder data) =>
        host.MapBuilds(new BuildOperation(sandboxes, slugs, data));

    internal static AgentHost MapBuilds(this AgentHost host, BuildOperation operation)
    {
        operation.Prepare();
        return host.On<BuildRun, BuildRan>(BuildRun.Op, operation.RunAsync);
    }
}
