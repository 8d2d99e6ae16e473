using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Router;

namespace Sluice.Api;

/// <summary>
/// The end of an app. Its rows go first: from then on it is gone, and what a crash leaves behind (dynos, a route, a repository) belongs to nobody and
/// is cleared by those who find it.
/// </summary>
internal sealed partial class AppRemoval(AppCatalog apps, DynoFleet fleet, Routes routes, DataFolder data, ILogger<AppRemoval> logger)
{
    public async Task RemoveAsync(App app, Principal who, CancellationToken ct)
    {
        await apps.DestroyAsync(app, who, ct);
        fleet.Forget(app.Id);
        await routes.RemoveAsync(app.Id, ct);
        RemoveRepository(data.Repository(app.Id));
    }

    private void RemoveRepository(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (IOException e)
        {
            LogLeft(e, folder);   // a push is just writing into it; the app is gone all the same
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left {Folder} of a destroyed app behind")]
    private partial void LogLeft(Exception e, string folder);
}
