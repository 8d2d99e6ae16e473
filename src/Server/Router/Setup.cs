using Sluice.Logs;

namespace Sluice.Router;

internal static class RouterSetup
{
    /// <summary>The server's side: the line to the router and the book of routes. The router itself is a role of its own.</summary>
    public static WebApplicationBuilder AddRouter(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RouterClient>();
        builder.Services.AddSingleton<Routes>();
        builder.Services.AddSingleton<CertificateGiver>();
        builder.Services.AddHostedService(s => s.GetRequiredService<CertificateGiver>());
        builder.Services.AddSingleton(s => new LogSource("router", (_, ct) => s.GetRequiredService<RouterClient>().LinesAsync(ct)
            .Select(line => new SourceLine(line.App, "heroku", "router", line.At, line.Text))));
        return builder;
    }
}
