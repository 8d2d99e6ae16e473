using System.Globalization;
using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>What a supervisor that was killed left of the same DIR: roles that still run, sockets that nobody listens on. Dynos are left: the agent adopts them.</summary>
internal static class Leftovers
{
    private const int SigKill = 9;

    /// <summary>Only to be called under DIR's lock: then no process of this DIR has a supervisor.</summary>
    public static async Task ClearAsync(DataFolder data, TimeProvider clock, CancellationToken ct)
    {
        var roles = RolesOf(data);
        roles.ForEach(pid => Spawn.Kill(pid, SigKill));
        while (RolesOf(data).Count > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(5), clock, ct);
        foreach (var socket in Directory.GetFiles(data.Run, "*.sock").Concat(Launch.Roles.Select(data.PidFile)).Append(data.Address))
            File.Delete(socket);
    }

    /// <summary>True when the machine has started anew since the last start of this DIR: then its dynos are gone, and others may have their addresses.
    /// Notes the boot of now, so that asking again answers false.</summary>
    public static bool AreOfAnotherBoot(DataFolder data)
    {
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        var isAnother = File.Exists(data.Boot) && File.ReadAllText(data.Boot).Trim() != boot;
        if (isAnother || !File.Exists(data.Boot))
            File.WriteAllText(data.Boot, boot + "\n");
        return isAnother;
    }

    private static List<int> RolesOf(DataFolder data) =>
        [.. Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId && IsRoleOf(data, pid))];

    private static bool IsRoleOf(DataFolder data, int pid)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            return words is ["sluice", var role, ..] && Launch.Roles.Contains(role)
                && Array.IndexOf(words, "--data") is var at and > 0 && words.ElementAtOrDefault(at + 1) == data.Root;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
