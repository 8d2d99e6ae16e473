using System.Diagnostics;

namespace Sluice.Cli;

/// <summary>Prints an address, and shows it when a person with a desktop sits here.</summary>
internal static class Browser
{
    public static void Open(Run run, string url)
    {
        run.Terminal.Line(url);
        if (!run.Terminal.CanAsk || (run.Surroundings.Variable("DISPLAY") ?? run.Surroundings.Variable("WAYLAND_DISPLAY")) is null)
        {
            return;
        }

        using var opener = new Process { StartInfo = new("xdg-open", [url]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false } };
        try
        {
            opener.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            run.Terminal.Note("No browser could be started (xdg-open is not installed).");
        }
    }
}
