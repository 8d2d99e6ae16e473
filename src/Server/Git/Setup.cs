using Sluice.Sources;

namespace Sluice.Git;

internal static class GitSetup
{
    public static WebApplicationBuilder AddGit(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<GitDoor>();
        builder.Services.AddSingleton<Deployment>();
        builder.Services.AddSingleton<PushQueue>();
        builder.Services.AddSingleton<Pushes>();
        builder.Services.AddSingleton(services => new PushOptions(HookLine.Install(services.GetRequiredService<DataFolder>()), services.GetRequiredService<Site>().MaxPushBytes));
        builder.Services.AddHostedService<GitTidy>();
        builder.Services.AddHostedService<CommitKeeper>();
        return builder;
    }
}

/// <summary>At start, before any push: what pushes of a dead server left behind goes.</summary>
internal sealed class GitTidy(Repositories repositories, DataFolder data) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        repositories.SweepAll();
        if (Directory.Exists(data.Uploads))
        {
            foreach (var left in Directory.EnumerateFiles(data.Uploads, Deployment.SourceFile("*")))
                File.Delete(left);
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
