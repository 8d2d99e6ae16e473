using Sluice.Router;

namespace Sluice.Roles;

/// <summary>The router as a process: serves until SIGTERM, then drains; a second SIGTERM ends it at once.</summary>
internal static class RouterRole
{
    public static async Task<int> RunAsync(UpOptions options)
    {
        FileModes.OwnerOnly();
        var signals = new RoleSignals();
        await using var router = await RouterHost.StartAsync(
            options.Data, options.Site, options.Sockets, options.Companion, new RouterLimits(), TimeProvider.System, CancellationToken.None);
        RoleMark.Write(options.Data, Launch.Router);
        await signals.Terminated;
        await Task.WhenAny(router.DrainAsync(CancellationToken.None), signals.Hurried);
        return 0;
    }
}
