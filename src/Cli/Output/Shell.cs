namespace Sluice.Cli.Output;

/// <summary>Values that a POSIX shell reads back as they are.</summary>
internal static class Shell
{
    public static string Quote(string value) => "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
