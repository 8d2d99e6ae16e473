using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Sluice.Router;

namespace Sluice.Roles;

/// <summary>
/// <c>sluice connect URL</c>: the Heroku CLI speaks to loopback alone, so a server elsewhere gets a port here. Its folder looks to the command line like that of a
/// server on this machine, without a key: that is the one of <c>sluice login URL</c>.
/// </summary>
internal static class Connecting
{
    public const string Usage = """
        Puts a server elsewhere on a port of this machine, for the Heroku CLI, which speaks to localhost alone.

        Usage: sluice connect URL [flags]

          --port N       The port on 127.0.0.1 and ::1. Default: the one it had before, else a free one.
          --ca FILE      The authority of the server's certificate (its DIR/ca.pem), when this machine does not trust it already.
          --data DIR     Where address and authority of this end are kept. Default: ~/.local/share/sluice-connect/HOST-PORT.
          --help         This text.

        Log in first, with sluice login URL. Runs until Ctrl-C; prints what to type in another shell.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Any(word => word is "--help" or "-h"))
        {
            Console.WriteLine(Usage);
            return 0;
        }
        var (server, port, ca, folder) = Parse(args);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var data = new DataFolder(folder);
        using var trusted = ca is null ? null : X509CertificateLoader.LoadCertificateFromFile(ca);
        var sockets = PortSockets.Open(port ?? PortIn(data.Address), null);
        using var companion = PortSockets.OpenCompanion(PortIn(data.Companion));
        var here = ((IPEndPoint)sockets[0].LocalEndPoint!).Port;
        var site = new Site { Port = here, Domain = "localhost", PublicUrl = new Uri($"http://localhost:{here}") };
        await using var forwarding = new Forwarding(data, site, sockets, companion, server, trusted, TimeProvider.System);
        await forwarding.StartAsync(CancellationToken.None);
        await File.WriteAllTextAsync(data.Companion, $"http://127.0.0.1:{((IPEndPoint)companion.LocalEndPoint!).Port}\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "remote"), $"{server.GetLeftPart(UriPartial.Authority)}\n");
        if (ca is not null && !(await File.ReadAllTextAsync(data.CertificateAuthority)).Contains(trusted!.ExportCertificatePem(), StringComparison.Ordinal))
            await File.AppendAllTextAsync(data.CertificateAuthority, trusted.ExportCertificatePem() + "\n");   // links in answers name the server itself
        await File.WriteAllTextAsync(data.Address, $"http://localhost:{here}\n");
        Console.WriteLine($"{server.GetLeftPart(UriPartial.Authority)} is at http://localhost:{here} until Ctrl-C. In another shell:\n\n    eval \"$(SLUICE_DATA='{folder}' sluice env)\"\n");
        await StoppedAsync();
        return 0;
    }

    private static (Uri Server, int? Port, string? Ca, string Folder) Parse(string[] args)
    {
        var values = new Dictionary<string, string>();
        Uri? server = null;
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] is "--port" or "--ca" or "--data" && i + 1 < args.Length)
                values[args[i]] = args[++i];
            else if (server is not null || !Uri.TryCreate(args[i], UriKind.Absolute, out server) || server.Scheme is not ("http" or "https") || server.PathAndQuery != "/" || server.UserInfo.Length > 0)
                throw new UsageException($"{args[i]} is no address of a server. Write it like sluice connect https://sluice.example.com; see sluice connect --help.");
        }
        if (server is null)
            throw new UsageException("Which server? sluice connect https://sluice.example.com");
        if (server.Scheme == "http" && !server.IsLoopback)
            throw new UsageException($"{server.Host} would get your key in plain over the network: use its https address.");
        if (values.TryGetValue("--port", out var text) && (!int.TryParse(text, out var port) || port is < 0 or > 65535))
            throw new UsageException($"The port must be a number from 0 to 65535, not {text}.");
        if (values.GetValueOrDefault("--ca") is { } file && !File.Exists(file))
            throw new UsageException($"There is no file {file}.");
        var folder = values.GetValueOrDefault("--data")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/share/sluice-connect", $"{server.Host}-{server.Port}");
        return (server, text is null ? null : int.Parse(text), values.GetValueOrDefault("--ca"), Path.GetFullPath(folder));
    }

    /// <summary>0 when nothing was noted.</summary>
    private static int PortIn(string file) => File.Exists(file) && Uri.TryCreate(File.ReadAllText(file).Trim(), UriKind.Absolute, out var url) ? url.Port : 0;

    private static async Task StoppedAsync()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stopped.Task;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopped.TrySetResult();
        }
    }
}
