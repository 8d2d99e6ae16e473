using System.Reflection;
using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Sluice.Roles;

/// <summary>
/// Traces and measures of one role, sent to an OpenTelemetry collector. Where to, how and how much is said by the standard variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>OTEL_TRACES_SAMPLER</c> and the others), which <c>up --otlp</c> sets; without an endpoint nothing is loaded.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    /// <summary>What waits is sent at the end, but no stop waits longer for a collector that is away.</summary>
    private const int FlushMs = 1000;

    private readonly TracerProvider traces;
    private readonly MeterProvider measures;

    private Telemetry(TracerProvider traces, MeterProvider measures) => (this.traces, this.measures) = (traces, measures);

    /// <summary>Null when nobody said where to.</summary>
    public static IDisposable? Open(string role, Func<string, string?> env) =>
        string.IsNullOrWhiteSpace(env(Endpoint)) || string.Equals(env("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase) ? null : OpenNow(role);

    // Not inlined: the libraries are loaded when this is entered, not before.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Telemetry OpenNow(string role)
    {
        var version = typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        void Who(ResourceBuilder resource) => resource.AddService("sluice-" + role, serviceNamespace: "sluice", serviceVersion: version);
        return new Telemetry(
            Sdk.CreateTracerProviderBuilder().ConfigureResource(Who).AddSource(Traces.Name).AddOtlpExporter().Build(),
            Sdk.CreateMeterProviderBuilder().ConfigureResource(Who).AddMeter(Traces.Name, "System.Runtime").AddOtlpExporter().Build());
    }

    public void Dispose()
    {
        traces.Shutdown(FlushMs);
        measures.Shutdown(FlushMs);
    }
}
