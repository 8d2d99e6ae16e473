namespace Sluice.Router;

internal static class RouterSetup
{
    /// <summary>The server's side: the line to the router and the book of routes. The router itself is a role of its own.</summary>
    public static WebApplicationBuilder AddRouter(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RouterClient>();
        builder.Services.AddSingleton<Routes>();
        return builder;
    }
}
