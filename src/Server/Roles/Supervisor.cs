using System.Collections.Immutable;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Router;
using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>
/// <c>sluice up</c>: keeps the port's sockets and the three roles, and does nothing else. 1. take DIR (one supervisor each), clear what a dead one left; 2. open the port;
/// 3. start the roles from a copy of the built files; 4. when <c>/healthz</c> answers 200, write DIR/address; 5. on SIGTERM or SIGINT stop router, server,
/// dynos and agent in that order.
/// </summary>
internal sealed class Supervisor(UpOptions asked, TextWriter output, TimeProvider clock)
{
    private static readonly TimeSpan HealthyWithin = TimeSpan.FromSeconds(120);
    private static readonly List<PosixSignalRegistration> Kept = [];

    private readonly DataFolder data = asked.Data;
    private ImmutableArray<RoleKeeper> keepers = [];

    public async Task<int> RunAsync()
    {
        var user = Libc.geteuid() == 0 ? SystemUser.Sluice ?? await MakeUserAsync() : null;
        new DataFolderSetup(data, user).Prepare();
        await using var mine = Take();
        await Leftovers.ClearAsync(data, clock, CancellationToken.None);
        if (Leftovers.AreOfAnotherBoot(data))
            new SavedTable(data).ForgetTargets(GiveToRouter);
        var sockets = PortSockets.Open(asked.Port, asked.Bind);
        var options = asked with { Port = ((System.Net.IPEndPoint)sockets[0].LocalEndPoint!).Port };
        var companion = PortSockets.OpenCompanion(CompanionPort());
        NoteCompanion(((System.Net.IPEndPoint)companion.LocalEndPoint!).Port);
        var launch = new Launch
        {
            Binaries = BuiltFiles.CopyTo(data, AppContext.BaseDirectory),
            Options = options,
            User = user,
            Sockets = [.. sockets.Select(s => (int)s.Handle)],
            Companion = [(int)companion.Handle],
            Environment = Launch.Passing(Environment.GetEnvironmentVariables(), RuntimeRoot()),
        };
        if (options.OneTeam)
            Say("Apps are not isolated from each other in this mode: use it for one trusted team.");
        var code = await SuperviseAsync(launch, options);
        GC.KeepAlive(sockets);
        GC.KeepAlive(companion);
        return code;
    }

    private async Task<int> SuperviseAsync(Launch launch, UpOptions options)
    {
        using var stop = new CancellationTokenSource();
        ListenToSignals(stop);
        keepers = [.. Launch.Roles.Select(role => new RoleKeeper(role, () => launch.Of(role), data, Say, clock))];
        var kept = keepers.Select(k => k.KeepAsync(stop.Token)).ToArray();
        var watches = Watches().Select(watch => watch.RunAsync(stop.Token)).ToArray();
        var requests = new RestartRequests(data, RestartAsync).ServeAsync(stop.Token);
        var announced = AnnounceAsync(options, stop.Token);
        var first = await Task.WhenAny([Task.Delay(Timeout.Infinite, stop.Token), .. kept, FailedAsync(announced)]);
        var code = first is Task<int> { IsCompletedSuccessfully: true } ? 1 : 0;
        await stop.CancelAsync();
        await StopAllAsync();
        await Task.WhenAll([requests, announced, .. watches, .. kept]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return code;
    }

    private IEnumerable<HangWatch> Watches() =>
        asked.HangAfter is { } limit ? keepers.Select(keeper => new HangWatch(keeper, new SignOfLife(data), limit, Say, clock)) : [];

    /// <summary>One supervisor per DIR: the lock goes with the process, however it ends.</summary>
    private FileStream Take()
    {
        try
        {
            var file = new FileStream(Path.Combine(data.Run, "up.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            RoleMark.Write(data, "up");
            return file;
        }
        catch (IOException)
        {
            throw new UsageException(
                $"Sluice already runs on {data.Root} (process {RoleMark.Read(data, "up")}): stop it with kill {RoleMark.Read(data, "up")}, or choose another folder with --data.");
        }
    }

    private async Task AnnounceAsync(UpOptions options, CancellationToken ct)
    {
        var health = new Health(options.Port);
        var start = clock.GetTimestamp();
        while (!await health.IsGoodAsync(ct))
        {
            if (clock.GetElapsedTime(start) > HealthyWithin)
                throw new UsageException($"Sluice did not get healthy within {HealthyWithin.TotalSeconds:0} s; the lines above say why.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, ct);
        }
        Note(data.Address, $"http://localhost:{options.Port}");
        Say($"Sluice is ready at {options.Site.PublicUrl.GetLeftPart(UriPartial.Authority)}, data in {data.Root}.");
    }

    /// <summary>Where the companion proxy answered last; 0 when it never did.</summary>
    private int CompanionPort() => File.Exists(data.Companion) && Uri.TryCreate(File.ReadAllText(data.Companion).Trim(), UriKind.Absolute, out var before) ? before.Port : 0;

    private void NoteCompanion(int port) => Note(data.Companion, $"http://127.0.0.1:{port}");

    /// <summary>One line that everyone on the machine may read.</summary>
    private static void Note(string file, string line)
    {
        File.WriteAllText(file + ".new", line + "\n");
        File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Ends only if the announcement fails.</summary>
    private async Task<int> FailedAsync(Task announced)
    {
        try
        {
            await announced;
        }
        catch (UsageException e)
        {
            Say(e.Message);
            return 1;
        }
        return await new TaskCompletionSource<int>().Task;
    }

    /// <summary>One after the other, and only on: a role that does not come back leaves the others as they are. Answers a sentence.</summary>
    private async Task<string> RestartAsync(string what, CancellationToken ct)
    {
        var chosen = keepers.Where(k => what == "all" || k.Role == what).ToArray();
        if (chosen.Length == 0)
            return $"There is no role {what}: choose server, router, agent or all.";
        foreach (var keeper in chosen)
        {
            if (!await keeper.ReplaceAsync(ct))
                return keeper.NotReady;
            Say($"The {keeper.Role} was replaced.");
        }
        return "ok";
    }

    /// <summary>Nobody waits for an answer: what there is to say is said here.</summary>
    private async Task ReplaceAllAsync(CancellationToken ct)
    {
        try
        {
            if (await RestartAsync("all", ct) is var said and not "ok")
                Say(said);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopping, which says so itself.
        }
    }

    private async Task StopAllAsync()
    {
        Say("Stopping.");
        File.Delete(data.Address);
        await Keeper(Launch.Router).StopAsync(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3));
        await Keeper(Launch.Server).StopAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2));
        if (!asked.KeepDynos)
            await StopDynosAsync();
        await Keeper(Launch.Agent).StopAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2));
        File.Delete(data.PidFile("up"));
    }

    private async Task StopDynosAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(45));
        try
        {
            await new AgentClient(data).CallAsync<Nothing, Nothing>(DynoOps.StopAll, new Nothing(), null, limit.Token);
            new SavedTable(data).ForgetTargets(GiveToRouter);
        }
        catch (Exception e) when (e is AgentException or OperationCanceledException)
        {
            Say($"Some apps may still run: {e.Message}");
        }
    }

    private static void GiveToRouter(string path)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (Libc.geteuid() == 0 && SystemUser.Sluice is { } user)
            Libc.Check(Libc.chown(path, user.Uid, user.Gid), $"Giving {path} to the user sluice");
    }

    private RoleKeeper Keeper(string role) => keepers.First(k => k.Role == role);

    private void ListenToSignals(CancellationTokenSource stop)
    {
        lock (Kept)
        {
            foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT })
            {
                Kept.Add(PosixSignalRegistration.Create(signal, context =>
                {
                    context.Cancel = true;
                    stop.Cancel();
                }));
            }
            Kept.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
            {
                context.Cancel = true;
                _ = ReplaceAllAsync(stop.Token);
            }));
        }
    }

    private void Say(string sentence)
    {
        lock (output)
            output.WriteLine(sentence);
    }

    private static string RuntimeRoot() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    private static async Task<SystemUser> MakeUserAsync()
    {
        var made = await Shell.RunAsync(
            new Command("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", "sluice"),
            CancellationToken.None);
        return SystemUser.Sluice ?? throw new UsageException($"The system user sluice could not be made: {made.Errors.Trim()}");
    }
}
