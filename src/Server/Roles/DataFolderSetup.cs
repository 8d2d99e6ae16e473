using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Roles;

/// <summary>
/// Makes DIR ready: its folders with their owners, its identity. With root, DIR and <c>run</c> belong to root with the group of the user <c>sluice</c>
/// and the sticky bit: server and router make their files there, but cannot rename the agent's away.
/// </summary>
internal sealed class DataFolderSetup(DataFolder data, SystemUser? user)
{
    private const UnixFileMode Shared =
        UnixFileMode.StickyBit | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Safe to repeat. Throws <see cref="UsageException"/> with a sentence when DIR cannot be used.</summary>
    public void Prepare()
    {
        try
        {
            foreach (var folder in new[] { data.Root, data.Run })
            {
                Directory.CreateDirectory(folder);
                if (user is not null)
                    Own(folder, 0, user.Gid);
                File.SetUnixFileMode(folder, user is null ? Private : Shared);
            }
            foreach (var folder in new[] { Path.GetDirectoryName(data.RouteTable)!, data.Uploads, data.Logs, data.Metrics, Path.GetDirectoryName(data.Repository(default))! })
            {
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, Private);
                if (user is not null)
                    Own(folder, user.Uid, user.Gid);
            }
            Identify();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The data folder {data.Root} cannot be written ({e.Message.TrimEnd('.')}): choose another with --data, or give it to this user.");
        }
        if (user is not null)
        {
            RequireWay(data.Root, "the data folder", "choose another folder with --data");
            RequireWay(RuntimeEnvironment.GetRuntimeDirectory().TrimEnd('/'), "the .NET runtime", "install .NET for all users, in /usr/share/dotnet");
        }
    }

    private void Identify()
    {
        if (File.Exists(data.InstanceId))
            return;
        new RealDisk().Publish(data.InstanceId, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)) + "\n"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    /// <summary>The unprivileged roles must be able to enter every folder on the way.</summary>
    private static void RequireWay(string path, string what, string otherWay)
    {
        for (var parent = Path.GetDirectoryName(path); parent is { Length: > 1 }; parent = Path.GetDirectoryName(parent))
        {
            if (!File.GetUnixFileMode(parent).HasFlag(UnixFileMode.OtherExecute))
            {
                throw new UsageException(
                    $"{parent} can be entered by its owner only, and Sluice's server, which does not run as root, must reach {what} below it: chmod o+x {parent}, or {otherWay}.");
            }
        }
    }

    private static void Own(string path, uint uid, uint gid) => Libc.Check(Libc.chown(path, uid, gid), $"Giving {path} to the user sluice");
}
