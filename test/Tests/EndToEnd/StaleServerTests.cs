using System.Net.Sockets;
using System.Text;
using Sluice.Roles;
using Sluice.Runtime;
using Sluice.Tests.Roles;
using Sluice.Tests.Storage;

namespace Sluice.Tests.EndToEnd;

/// <summary>
/// Two servers of one DIR. The supervisor never lets it come to that, and SQLite neither: so this one is stopped by hand, its successor started by hand, and the records are in PostgreSQL.
/// </summary>
public sealed class StaleServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_wakes_up_beside_its_successor_changes_nothing_and_ends()
    {
        await using var records = await TestDb.OpenAsync("postgres");
        LetIn(records.Place);
        await using var sluice = await RunningSluice.StartInAsync(new TempFolder(), records.Place, []);
        Assert.StartsWith("HTTP/1.1 201", await (await AskedAsync(sluice, "POST /apps", """{"name":"shop"}""")).AnswerAsync(), StringComparison.Ordinal);
        var before = await WhatAsync(records);

        var stale = sluice.PidOf("server");
        await RunningSluice.StopWholeAsync(stale);
        // They lie on the stopped one's own socket, and are the first thing that it sees when it wakes up.
        var late = new[] { await AskedAsync(sluice, "POST /apps", """{"name":"late"}"""), await AskedAsync(sluice, "PATCH /apps/shop/config-vars", """{"LATE":"1"}""") };
        var successor = RoleProcess.Start("server", Successor(sluice, records.Place), TimeProvider.System);
        try
        {
            Assert.True(await successor.ReadyAsync(sluice.Data, TimeSpan.FromSeconds(120), Ct), sluice.Said);
            RunningSluice.Signal(stale, "CONT");
            Assert.DoesNotContain(await Task.WhenAll(late.Select(one => one.AnswerAsync())), answer => answer.StartsWith("HTTP/1.1 2", StringComparison.Ordinal));
            await sluice.UntilAsync(() => !Directory.Exists($"/proc/{stale}"));
            Assert.Contains($"server: {ServerTerm.Sentence}", sluice.Said, StringComparison.Ordinal);
            Assert.Equal(before, await WhatAsync(records));
        }
        finally
        {
            await successor.StopAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>The one that the supervisor would start.</summary>
    private static SpawnSpec Successor(RunningSluice sluice, string database) => new Launch
    {
        Binaries = Assert.Single(Directory.GetDirectories(sluice.Data.Binaries)),
        Options = UpOptions.Parse(["--data", sluice.Data.Root, "--port", $"{sluice.Address.Port}"], _ => null, Environment.IsPrivilegedProcess),
        User = Environment.IsPrivilegedProcess ? SystemUser.Sluice : null,
        Sockets = [],
        Environment = Launch.Passing(Environment.GetEnvironmentVariables(), Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../..")))
            .SetItem("SLUICE_DATABASE_URL", database),
    }.Of(Launch.Server);

    /// <summary>Every change that the records tell of, in order, but for who came in.</summary>
    private static async Task<string> WhatAsync(TestDb records) =>
        string.Join('\n', await records.Db.ListAsync($"SELECT what, subject FROM events WHERE what LIKE 'app.%' OR what LIKE 'config.%' OR what LIKE 'release.%' ORDER BY at, what, subject", row => $"{row.Text("what")} {row.Text("subject")}", Ct));

    /// <summary>The test's PostgreSQL lies in a folder of its own user's; the server is another.</summary>
    private static void LetIn(string place)
    {
        var folder = new Npgsql.NpgsqlConnectionStringBuilder(place).Host!;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    /// <summary>Sends a request to the server's own socket, without waiting for its answer.</summary>
    private static async Task<Asked> AskedAsync(RunningSluice sluice, string what, string body)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(sluice.Data.ServerSocket), Ct);
        var key = (await File.ReadAllTextAsync(sluice.Data.AdminKey, Ct)).Trim();
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"{what} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), Ct);
        return new Asked(socket);
    }

    private sealed record Asked(Socket Socket)
    {
        /// <summary>A refusal, or nothing: it ends as soon as it knows.</summary>
        public async Task<string> AnswerAsync()
        {
            using var reader = new StreamReader(new NetworkStream(Socket, ownsSocket: true));
            try
            {
                return await reader.ReadToEndAsync(Ct);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }
}
