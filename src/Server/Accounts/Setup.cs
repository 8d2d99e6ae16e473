namespace Sluice.Accounts;

internal static class AccountsSetup
{
    public static WebApplicationBuilder AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<AccountTable>();
        builder.Services.AddSingleton<Authorizations>();
        builder.Services.AddSingleton<Passwords>();
        builder.Services.AddSingleton<SignInThrottle>();
        builder.Services.AddSingleton<Login>();
        builder.Services.AddSingleton<SshKeys>();
        builder.Services.AddSingleton<FirstStart>();
        builder.Services.AddHostedService<AdminAtStart>();
        return builder;
    }

    /// <summary>The server answers nobody before there is somebody to answer.</summary>
    private sealed class AdminAtStart(FirstStart first) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => first.EnsureAdminAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
