namespace Sluice.Roles;

/// <summary>A role's pid file. It is written when the role is ready, so whoever started it knows by its own pid in there.</summary>
internal static class RoleMark
{
    public static void Write(DataFolder data, string role)
    {
        var fresh = $"{data.PidFile(role)}.{Environment.ProcessId}";
        File.WriteAllText(fresh, $"{Environment.ProcessId}\n");
        File.Move(fresh, data.PidFile(role), overwrite: true);
    }

    /// <summary>Null when no such role ever was ready.</summary>
    public static int? Read(DataFolder data, string role)
    {
        try
        {
            return int.TryParse(File.ReadAllText(data.PidFile(role)), out var pid) ? pid : null;
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
