using System.Security.Cryptography;

namespace Sluice.Runtime;

/// <summary>What stands below every slug: the packages of this machine.</summary>
internal static class HostPackages
{
    /// <summary>16 hex digits that change when a package of this machine does; empty on a machine without dpkg.</summary>
    public static string Fingerprint()
    {
        const string Status = "/var/lib/dpkg/status";
        if (!File.Exists(Status))
            return "";
        using var file = File.OpenRead(Status);
        return Convert.ToHexStringLower(SHA256.HashData(file))[..16];
    }
}
