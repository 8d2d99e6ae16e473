using Sluice.Releases;

namespace Sluice.Dashboard.Shell;

/// <summary>How pages say things.</summary>
internal static class Words
{
    /// <summary><c>production</c> as a heading: <c>Production</c>.</summary>
    public static string Stage(string stage) => char.ToUpperInvariant(stage[0]) + stage[1..];

    /// <summary><c>a, b and c</c>.</summary>
    public static string List(IReadOnlyList<string> words) => words.Count switch
    {
        0 => "",
        1 => words[0],
        _ => $"{string.Join(", ", words.Take(words.Count - 1))} and {words[^1]}",
    };

    /// <summary>What a release on its way does, after its version.</summary>
    public static string Doing(Release release) => release.Step switch
    {
        "phase" => "in release phase",
        "boot" => "boots beside the old dynos",
        "ready" => "is ready and waits for the other targets",
        "decided" => "takes over",
        _ => "is prepared",
    };

    /// <summary>How it came here, and by whom; the age follows.</summary>
    public static string Came(Release release, string by) => release.Reason switch
    {
        ReleaseReason.Initial => $"Made by {by}",
        ReleaseReason.Deploy => $"Pushed by {by}",
        ReleaseReason.Promotion when release.Description.Split(' ') is ["Promote", var app, var version, ..] => $"From {app} {version}, promoted by {by}",
        ReleaseReason.Rollback => $"{release.Description}, by {by}",
        ReleaseReason.Config => $"{release.Description}, by {by}",
        _ => $"{release.Description}, by {by}",
    };

    /// <summary>How a release that did not succeed looks: <c>fail</c> is the app's or a rule's fault, <c>error</c> ours.</summary>
    public static string StateWord(this Release release) => release.Status switch { "succeeded" => "ok", "pending" => "run", "errored" => "error", _ => "fail" };

    /// <summary>The first sentence of many.</summary>
    public static string First(string? sentences)
    {
        var text = sentences ?? "It did not succeed.";
        return text.IndexOf(". ", StringComparison.Ordinal) is > 0 and var end ? text[..(end + 1)] : text;
    }
}
