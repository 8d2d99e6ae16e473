using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Sluice.Metrics;

/// <summary>One number with its labels, as Prometheus reads it.</summary>
/// <param name="Suffix">What a histogram's parts are told apart by: <c>_bucket</c>, <c>_sum</c>, <c>_count</c>; empty for other families.</param>
public readonly record struct Sample(string Suffix, ImmutableArray<(string Label, string Value)> Labels, double Value);

/// <summary>Numbers of one kind. <paramref name="Type"/>: <c>counter</c>, <c>gauge</c> or <c>histogram</c>.</summary>
public sealed record Family(string Name, string Type, string Help, ImmutableArray<Sample> Samples);

/// <summary>The text exposition format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).</summary>
public static class Exposition
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IEnumerable<Family> families)
    {
        var text = new StringBuilder();
        foreach (var family in families)
        {
            text.Append("# HELP ").Append(family.Name).Append(' ').Append(family.Help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
            text.Append("# TYPE ").Append(family.Name).Append(' ').Append(family.Type).Append('\n');
            foreach (var sample in family.Samples)
                Write(text, family.Name + sample.Suffix, sample);
        }
        return text.ToString();
    }

    private static void Write(StringBuilder text, string name, Sample sample)
    {
        text.Append(name);
        for (var i = 0; i < sample.Labels.Length; i++)
        {
            var (label, value) = sample.Labels[i];
            text.Append(i == 0 ? '{' : ',').Append(label).Append("=\"").Append(value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        }
        if (sample.Labels.Length > 0)
            text.Append('}');
        text.Append(' ').Append(sample.Value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }
}
