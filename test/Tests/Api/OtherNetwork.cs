using System.Runtime.InteropServices;
using Sluice.Runtime;

namespace Sluice.Tests.Api;

/// <summary>Another network namespace. A socket stays in the one of the thread that made it, so a thread goes there for this alone.</summary>
internal static class OtherNetwork
{
    /// <param name="network">The namespace's file, as <c>/proc/PID/ns/net</c>; null: ours. To enter one needs root.</param>
    public static T Visit<T>(string? network, Func<T> make)
    {
        if (network is null)
            return make();
        var (made, failed) = (default(T), default(Exception));
        var visit = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle(network);
                if (Libc.setns((int)handle.DangerousGetHandle(), 0) != 0)
                    throw new IOException($"The network {network} cannot be entered: error {Marshal.GetLastPInvokeError()}.");
                made = make();
            }
            catch (Exception e)
            {
                failed = e;
            }
        });
        visit.Start();
        visit.Join();
        return failed is null ? made! : throw failed;
    }
}
