namespace Sluice.Teams;

internal static class TeamsSetup
{
    public static WebApplicationBuilder AddTeams(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TeamTable>();
        return builder;
    }
}
