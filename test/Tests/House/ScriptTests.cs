using System.Diagnostics;
using System.Runtime.InteropServices;
using Sluice.Tests.Storage;

namespace Sluice.Tests.House;

/// <summary>The script <c>sluice</c> on a machine that lacks something.</summary>
public sealed class ScriptTests
{
    private static readonly string[] Tools =
        ["readlink", "dirname", "find", "sort", "xargs", "sha256sum", "cut", "mkdir", "touch", "rm", "cat", "flock"];

    [Fact]
    public async Task Without_npm_the_server_is_not_built_and_it_says_what_brings_it()
    {
        using var folder = new TempFolder();
        foreach (var name in new[] { "src/Server", "src/Wire", "tools" })
            Directory.CreateDirectory(folder.At(name));
        foreach (var file in new[] { "sluice", "Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", ".editorconfig" })
            File.Copy(Path.Combine(Repository.Root, file), folder.At(file));
        foreach (var tool in Tools)
            File.CreateSymbolicLink(folder.At($"tools/{tool}"), File.Exists($"/usr/bin/{tool}") ? $"/usr/bin/{tool}" : $"/bin/{tool}");
        File.CreateSymbolicLink(folder.At("tools/dotnet"), Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet")));

        var (code, said) = await RunAsync(folder.Path, folder.At("tools"));

        Assert.Equal(1, code);
        Assert.Equal(
            "Missing for building the dashboard: nodejs npm. As root: apt-get install nodejs npm\n", said);
    }

    private static async Task<(int Code, string Said)> RunAsync(string folder, string tools)
    {
        using var script = Process.Start(new ProcessStartInfo("/bin/bash", [Path.Combine(folder, "sluice"), "restart", "all"])
        {
            UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = folder, Environment = { ["PATH"] = tools },
        })!;
        var said = await script.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await script.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (script.ExitCode, said);
    }
}
