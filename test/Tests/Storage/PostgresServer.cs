using System.Diagnostics;
using Npgsql;
using Sluice.Tests.Storage;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Sluice.Tests.Storage;

/// <summary>
/// A PostgreSQL 15 of this test run alone: an unprivileged user, a temp folder, a Unix socket, no network. Started when a test first
/// asks for it, stopped and removed at the end, and also when the test process is killed (its shell waits on a pipe that then closes).
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Programs = "/usr/lib/postgresql/15/bin";

    private const string Script = """
        set -eu
        trap '' INT TERM
        dir=$(mktemp -d /tmp/sluice-pg-XXXXXX)
        trap 'rm -rf "$dir"' EXIT
        "$1/initdb" -D "$dir/data" --auth=trust --no-sync -E UTF8 --locale=C -U postgres > "$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
        "$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=300 -c shared_buffers=32MB -c log_min_messages=fatal > "$dir/server.log" 2>&1 &
        echo "$dir"
        cat > /dev/null || true
        kill -QUIT $! || true
        wait || true
        """;

    private static readonly Lazy<Task<(Process Shell, string Folder)>> Started = new(StartAsync);

    /// <summary>Npgsql's form, for one database of the server.</summary>
    public static async Task<string> ConnectionStringAsync(string database) =>
        $"Host={(await Started.Value).Folder};Username=postgres;Database={database}";

    public async ValueTask DisposeAsync()
    {
        if (!Started.IsValueCreated)
            return;
        var (shell, _) = await Started.Value;
        NpgsqlConnection.ClearAllPools();
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }

    private static async Task<(Process, string)> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Programs + "/postgres"), "PostgreSQL 15 is not installed (apt-get install postgresql-15).");
        string[] words = ["sh", "-c", Script, "sh", Programs];
        if (Environment.UserName == "root")
            words = ["runuser", "-u", "postgres", "--", .. words];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = "/",
        };
        var shell = Process.Start(start)!;
        var folder = await shell.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("PostgreSQL did not start.");
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var connection = new NpgsqlConnection($"Host={folder};Username=postgres;Database=postgres;Pooling=false");
                await connection.OpenAsync();
                return (shell, folder);
            }
            catch (NpgsqlException) when (tries < 300)
            {
                await Task.Delay(100);
            }
        }
    }
}
