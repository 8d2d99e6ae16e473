using System.Net;
using System.Text.RegularExpressions;

namespace Sluice.Apps;

/// <summary>Rules for host names that people give their apps: <c>www.example.com</c>, or <c>*.example.com</c> for all names one step below.</summary>
public static partial class DomainName
{
    private const int MaxLength = 253;

    /// <summary>What is wrong with a name, a sentence each; none when it is good. <paramref name="site"/> keeps its own names.</summary>
    public static IEnumerable<string> Faults(string name, Site site)
    {
        if (name.Contains("://", StringComparison.Ordinal) || name.Contains('/'))
            yield return "A domain is a host name alone, like www.example.com: leave scheme and path out.";
        else if (name.Contains(':') || IPAddress.TryParse(name, out _))
            yield return "A domain is a host name, like www.example.com: no port, and no address of digits.";
        else if (name.Length > MaxLength)
            yield return $"A domain has at most {MaxLength} characters; this one has {name.Length}.";
        else if (!name.All(char.IsAscii))
            yield return "A domain with letters beyond a to z is written the way DNS holds it, beginning with xn--.";
        else if (name.Contains('*') && !Wildcard().IsMatch(name))
            yield return "A star stands for the whole first part of a domain with two more: *.example.com.";
        else if (!Form().IsMatch(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))
            yield return "A domain has two or more parts with dots between, each of letters, digits and inner dashes, the last one not of digits alone: www.example.com.";
        else if (IsOf(site, name))
            yield return $"{name} belongs to this server itself. An app's own name works there without being added.";
    }

    /// <summary>A wildcard that answers for this name, whether or not somebody has it: <c>www.example.com</c> → <c>*.example.com</c>.</summary>
    public static string WildcardFor(string name) => "*" + name[name.IndexOf('.')..];

    private static bool IsOf(Site site, string name)
    {
        var bare = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        return site.OwnHosts.Append(site.Domain).Append("localhost").Any(own => bare == own)
            || bare.EndsWith("." + site.Domain, StringComparison.Ordinal) || bare.EndsWith(".localhost", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\A(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+\z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\A\*(?:\.[^*.]+){2,}\z")]
    private static partial Regex Wildcard();
}
