using System.Globalization;
using Sluice.Runtime;
using Sluice.Soak;

namespace Sluice.Bench;

/// <summary>
/// The slow clients and the app that they ask, in a process of their own: what they cost is not in what is measured beside them. It says its app's port, is told the
/// router's, and answers each further line with how many clients are open, were cut and were not let in. It ends with its input.
/// </summary>
internal sealed class SlowCrowd : IAsyncDisposable
{
    public const string Verb = "--slow-crowd";
    public const string Host = "slow.localhost";
    private static readonly TimeSpan ComeWithin = TimeSpan.FromSeconds(10);

    private readonly RunningCommand running;
    private readonly StreamReader output;
    private readonly StreamWriter input;

    private SlowCrowd(RunningCommand running)
    {
        this.running = running;
        output = new StreamReader(running.Output);
        input = new StreamWriter(running.Input) { AutoFlush = true };
    }

    /// <summary>Where the app of <see cref="Host"/> listens.</summary>
    public int AppPort { get; private set; }

    public static async Task<SlowCrowd> StartAsync(int heads, int readers)
    {
        var crowd = new SlowCrowd(Shell.Start(Place.Ours(Environment.ProcessPath!, Verb, $"{heads}", $"{readers}")));
        crowd.AppPort = (await crowd.HearAsync())[0];
        return crowd;
    }

    /// <summary>They come to this router, over some seconds.</summary>
    public Task ComeAsync(int router) => AskAsync($"{router}");

    public async Task<(int Open, int Cut, int Refused)> CountAsync() => await AskAsync("") is [var open, var cut, var refused] ? (open, cut, refused) : throw new IOException("The slow clients have gone.");

    public async ValueTask DisposeAsync()
    {
        await input.DisposeAsync();
        await running.Exit;
        output.Dispose();
        await running.DisposeAsync();
    }

    /// <summary>What the process does.</summary>
    public static async Task<int> RunAsync(string heads, string readers)
    {
        await using var app = new EchoDyno();
        Say(app.Port);
        var router = int.Parse(await Console.In.ReadLineAsync() ?? "0", CultureInfo.InvariantCulture);
        await using var clients = new SlowClients(router, Host, int.Parse(heads, CultureInfo.InvariantCulture), int.Parse(readers, CultureInfo.InvariantCulture), ComeWithin);
        do
            Say(clients.Open, clients.Cut, clients.Refused);
        while (await Console.In.ReadLineAsync() is not null);
        return 0;
    }

    private static void Say(params int[] numbers) => Console.WriteLine(string.Join(' ', numbers));

    private async Task<int[]> AskAsync(string line)
    {
        await input.WriteLineAsync(line);
        return await HearAsync();
    }

    private async Task<int[]> HearAsync() =>
        [.. (await output.ReadLineAsync() ?? throw new IOException("The slow clients have gone.")).Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
}
