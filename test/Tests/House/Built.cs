namespace Sluice.Tests.House;

/// <summary>The programs under test: those that people run, where <c>./sluice test</c> has built them and says so in <c>SLUICE_BUILT</c>; else those beside the tests.</summary>
internal static class Built
{
    public static string Server { get; } = Program("server", "sluice");

    public static string Cli { get; } = Program("cli", "sluice-cli");

    private static string Program(string folder, string name) =>
        Environment.GetEnvironmentVariable("SLUICE_BUILT") is { Length: > 0 } built ? Path.Combine(built, folder, name) : Path.Combine(AppContext.BaseDirectory, name);
}
