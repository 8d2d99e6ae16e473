using System.Collections.Immutable;

namespace Sluice.Metrics;

/// <summary>What the roles' processes hold in memory, as the kernel tells everyone.</summary>
internal static class RoleMemory
{
    private static readonly ImmutableArray<string> Roles = ["up", "server", "router", "agent"];

    /// <summary>Resident bytes by role; a role that is away is missing.</summary>
    public static ImmutableArray<(string Role, long Bytes)> Now(DataFolder data) =>
        [.. Roles.Select(role => (role, Bytes: Resident(data.PidFile(role)))).Where(r => r.Bytes is not null).Select(r => (r.role, r.Bytes!.Value))];

    private static long? Resident(string pidFile)
    {
        try
        {
            var pages = File.ReadAllText($"/proc/{int.Parse(File.ReadAllText(pidFile))}/statm").Split(' ')[1];
            return long.Parse(pages) * Environment.SystemPageSize;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
