using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Sluice.Tests.Storage;

/// <summary>Stands between Npgsql and a PostgreSQL socket; cuts one connection when a certain word goes by, before or after the server had it.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string socket;
    private readonly Task serving;
    private (byte[] Word, bool Delivered)? cut;
    private int cuts;

    public CuttingProxy(string postgresFolder)
    {
        socket = Path.Combine(postgresFolder, ".s.PGSQL.5432");
        listener.Start();
        serving = ServeAsync();
    }

    public int Cuts => cuts;

    public string Through(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port, SslMode = SslMode.Disable,
    }.ToString();

    /// <summary>The next time only. <paramref name="delivered"/>: the server gets the word and answers, but the answer is lost.</summary>
    public void CutAt(string word, bool delivered) => cut = (Encoding.ASCII.GetBytes(word), delivered);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await serving;
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = ForwardAsync(await listener.AcceptSocketAsync(stop.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using var _ = client;
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await server.ConnectAsync(new UnixDomainSocketEndPoint(socket));
        var answers = CopyAsync(server, client);
        var buffer = new byte[64 * 1024];
        try
        {
            int count;
            while ((count = await client.ReceiveAsync(buffer, stop.Token)) > 0)
            {
                if (cut is { } c && buffer.AsSpan(0, count).IndexOf(c.Word) >= 0)
                {
                    cut = null;
                    Interlocked.Increment(ref cuts);
                    client.Shutdown(SocketShutdown.Both);
                    if (c.Delivered)
                    {
                        await server.SendAsync(buffer.AsMemory(0, count), stop.Token);
                        await Task.Delay(100, stop.Token);
                    }
                    return;
                }
                await server.SendAsync(buffer.AsMemory(0, count), stop.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
        }
        finally
        {
            server.Close();
            await answers;
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, stop.Token)) > 0)
                await to.SendAsync(buffer.AsMemory(0, count), stop.Token);
            to.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
