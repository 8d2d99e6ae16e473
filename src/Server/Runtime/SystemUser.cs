namespace Sluice.Runtime;

/// <summary>A line of /etc/passwd.</summary>
public sealed record SystemUser(string Name, uint Uid, uint Gid)
{
    /// <summary>The unprivileged user of server and router, made by <c>./sluice</c>; null on a machine that has none.</summary>
    public static SystemUser? Sluice => Find("sluice");

    public static SystemUser? Find(string name) =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(f => f.Length >= 4 && f[0] == name)
            .Select(f => new SystemUser(name, uint.Parse(f[2]), uint.Parse(f[3]))).FirstOrDefault();
}
