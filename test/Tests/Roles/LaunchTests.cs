using System.Collections;
using System.Collections.Immutable;
using Sluice.Roles;
using Sluice.Runtime;

namespace Sluice.Tests.Roles;

public sealed class LaunchTests
{
    private static readonly Launch AsRoot = new()
    {
        Binaries = "/d/bin/1",
        Options = UpOptions.Parse(["--data", "/d", "--port", "5000"], _ => null, isRoot: true),
        User = new SystemUser("sluice", 990, 991),
        Sockets = [40, 41],
        Environment = ImmutableDictionary<string, string>.Empty.Add("SLUICE_DATABASE_URL", "postgres://secret"),
    };

    [Fact]
    public void The_server_drops_every_privilege_and_shows_as_sluice_server() => Assert.Equal(
        "setpriv --reuid=990 --regid=991 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- sluice server --data /d --port 5000 --domain localhost",
        string.Join(' ', AsRoot.Of(Launch.Server).Args));

    [Fact]
    public void The_agent_stays_root() => Assert.Equal("sluice agent --data /d --port 5000 --domain localhost", string.Join(' ', AsRoot.Of(Launch.Agent).Args));

    [Fact]
    public void Only_the_router_inherits_the_port()
    {
        Assert.EndsWith("--sockets 3,4", string.Join(' ', AsRoot.Of(Launch.Router).Args), StringComparison.Ordinal);
        Assert.Equal([(1, 1), (2, 2), (40, 3), (41, 4)], AsRoot.Of(Launch.Router).Descriptors);
        Assert.Equal([(1, 1), (2, 2)], AsRoot.Of(Launch.Server).Descriptors);
    }

    [Fact]
    public void Without_root_all_run_as_they_are() =>
        Assert.Equal("sluice", (AsRoot with { User = null }).Of(Launch.Server).Args[0]);

    [Fact]
    public void Of_the_environment_only_what_roles_need_passes()
    {
        var ours = new Hashtable
        {
            ["PATH"] = "/bin", ["LANG"] = "C", ["SLUICE_CRASH_AT"] = "x", ["DOTNET_gcServer"] = "0", ["OTEL_SERVICE_NAME"] = "s",
            ["AWS_SECRET_ACCESS_KEY"] = "k", ["SSH_AUTH_SOCK"] = "s", ["HEROKU_API_KEY"] = "k", ["LD_PRELOAD"] = "x.so",
        };
        Assert.Equal(
            ["DOTNET_NOLOGO", "DOTNET_ROOT", "DOTNET_gcServer", "LANG", "OTEL_SERVICE_NAME", "PATH", "SLUICE_CRASH_AT"],
            Launch.Passing(ours, "/usr/share/dotnet").Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_the_server_learns_the_databases_password()
    {
        Assert.True(AsRoot.Of(Launch.Server).Env.ContainsKey("SLUICE_DATABASE_URL"));
        Assert.False(AsRoot.Of(Launch.Router).Env.ContainsKey("SLUICE_DATABASE_URL"));
        Assert.False(AsRoot.Of(Launch.Agent).Env.ContainsKey("SLUICE_DATABASE_URL"));
    }
}
