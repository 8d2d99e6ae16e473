using System.Net;
using System.Text.RegularExpressions;

namespace Sluice.Dashboard;

/// <summary>
/// Puts what was typed back into a form of a page that was just made, and why it was refused beside its button. It reads markup that our own components
/// wrote, where each value stands in double quotes; so no form has to know of it.
/// </summary>
/// <param name="form">What was typed.</param>
/// <param name="said">Why it was refused; markup.</param>
/// <param name="listed">The same with all that was typed, for a page that has no such form (any more); markup.</param>
internal sealed partial class Refill(RefusedForm form, string said, string listed)
{
    private readonly Dictionary<string, Queue<string>> typed = form.Fields.GroupBy(f => f.Key, StringComparer.Ordinal).ToDictionary(own => own.Key, own => new Queue<string>(own.Select(f => f.Value)), StringComparer.Ordinal);

    public string Into(string page)
    {
        foreach (Match found in Forms().Matches(page))
        {
            var body = found.Groups["body"];
            if (WebUtility.HtmlDecode(found.Groups["action"].Value) == form.Path && IsThatForm(body.Value))
                return string.Concat(page.AsSpan(0, body.Index), WithAnswer(Fields().Replace(body.Value, Filled)), page.AsSpan(body.Index + body.Length));
        }

        return MainPart().Replace(page, main => main.Value + listed, 1);
    }

    /// <summary>Forms of a list differ by what they hide; a mere button has nothing that could be typed.</summary>
    private bool IsThatForm(string body)
    {
        var fields = Fields().Matches(body).Select(m => Attributes(m.Groups["attributes"].Value)).ToArray();
        return fields.Any(f => !IsHidden(f)) && fields.Where(f => IsHidden(f) && Of(f, "name") != FormToken.Field).All(f => form.Fields.Contains(new(Of(f, "name"), Of(f, "value"))));
    }

    private string WithAnswer(string body)
    {
        var answer = $"<div class=\"answer\" role=\"alert\" id=\"{RefusedForms.Key}\" tabindex=\"-1\">{said}</div>";
        return Answer().IsMatch(body) ? Answer().Replace(body, _ => answer, 1) : body + answer;
    }

    private string Filled(Match field)
    {
        var (tag, written) = (field.Groups["tag"].Value, field.Groups["attributes"].Value);
        var attributes = Attributes(written);
        var (name, kind) = (Of(attributes, "name"), Of(attributes, "type"));
        if (name.Length == 0 || kind is "hidden" or "password" || attributes.ContainsKey("disabled"))
            return field.Value;
        if (kind is "checkbox" or "radio")
            return $"<input{With(written, "checked", form.Fields.Contains(new(name, Of(attributes, "value"))))}>";
        if (!typed.TryGetValue(name, out var values) || !values.TryDequeue(out var value))
            return field.Value;
        return tag switch
        {
            "select" => $"<select{written}>{Options().Replace(field.Groups["inner"].Value, option => Chosen(option, value))}</select>",
            // A browser drops the first end of line in it.
            "textarea" => $"<textarea{written}>\n{WebUtility.HtmlEncode(value)}</textarea>",
            _ => $"<input{With(written, "value", false)} value=\"{WebUtility.HtmlEncode(value)}\">",
        };
    }

    private static string Chosen(Match option, string value)
    {
        var written = option.Groups["attributes"].Value;
        var isIt = (Attributes(written).TryGetValue("value", out var own) ? own : WebUtility.HtmlDecode(option.Groups["inner"].Value).Trim()) == value;
        return $"<option{With(written, "selected", isIt)}>{option.Groups["inner"].Value}";
    }

    private static bool IsHidden(Dictionary<string, string> attributes) => Of(attributes, "type") == "hidden";

    private static string Of(Dictionary<string, string> attributes, string name) => attributes.GetValueOrDefault(name, "");

    private static Dictionary<string, string> Attributes(string written) =>
        Attribute().Matches(written).ToDictionary(m => m.Groups["name"].Value, m => WebUtility.HtmlDecode(m.Groups["value"].Value), StringComparer.Ordinal);

    /// <summary>With an attribute, or without.</summary>
    private static string With(string written, string attribute, bool isThere) =>
        Attribute().Replace(written, m => m.Groups["name"].Value == attribute ? "" : m.Value) + (isThere ? " " + attribute : "");

    [GeneratedRegex("""<form method="post" action="(?<action>[^"]*)"[^>]*>(?<body>.*?)(?=</form>)""", RegexOptions.Singleline)]
    private static partial Regex Forms();

    [GeneratedRegex("""<(?:(?<tag>input)(?<attributes>(?:\s+[\w:-]+(?:="[^"]*")?)*)\s*/?>|(?<tag>select|textarea)(?<attributes>(?:\s+[\w:-]+(?:="[^"]*")?)*)\s*>(?<inner>.*?)</\k<tag>>)""", RegexOptions.Singleline)]
    private static partial Regex Fields();

    [GeneratedRegex("""<option(?<attributes>(?:\s+[\w:-]+(?:="[^"]*")?)*)\s*>(?<inner>[^<]*)""")]
    private static partial Regex Options();

    [GeneratedRegex("""\s+(?<name>[\w:-]+)(?:="(?<value>[^"]*)")?""")]
    private static partial Regex Attribute();

    [GeneratedRegex("""<div class="answer" role="alert"></div>""")]
    private static partial Regex Answer();

    [GeneratedRegex("""<main id="main">""")]
    private static partial Regex MainPart();
}
