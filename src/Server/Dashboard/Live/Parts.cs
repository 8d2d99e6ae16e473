using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Dashboard.Live;

/// <summary>One part of a page that follows along: the name that the page knows it by, and its markup now.</summary>
internal sealed partial record Part(string Name, string Markup)
{
    /// <summary>What it stands for, when that is less than its markup; null for the markup itself.</summary>
    public string? Shape { get; init; }

    /// <summary>The same for two markups that differ only in how old things have become, which browsers count themselves, and in form tokens.</summary>
    public string Key => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Shape ?? Passing().Replace(Markup, ""))))[..16];

    /// <summary>Of all parts of a page together.</summary>
    public static string KeyOf(IEnumerable<Part> parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', parts.Select(p => p.Name + p.Key)))))[..16];

    /// <summary>As a server-sent event.</summary>
    public string Event => $"event: {Name}\ndata: {Markup.ReplaceLineEndings("\ndata: ")}\n\n";

    [GeneratedRegex(@"(?<=data-age=""\w+"">)[^<]*|(?<=name=""form-token"" value="")[^""]*")]
    private static partial Regex Passing();
}
