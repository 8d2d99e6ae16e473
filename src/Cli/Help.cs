using System.CommandLine;
using Sluice.Cli.Output;

namespace Sluice.Cli;

/// <summary>Help that teaches: the flow first, then commands by topic, then one command with an example.</summary>
internal static class Help
{
    private const string Flow =
        """
        Sluice takes one change from git push to production without ever building it twice.

          sluice create shop-staging            an app, and a git remote for it
          git push sluice main                  builds a slug, releases it, runs it
          sluice diff -a shop-staging           what production does not have yet
          sluice promote -a shop-staging        the same slug to production: nothing is built
          sluice rollback -a shop               and back again
        """;

    public static void Overview(Terminal terminal)
    {
        terminal.Line(Flow);
        foreach (var (topic, commands) in Catalog.Topics)
        {
            terminal.Line();
            terminal.Line(terminal.Strong(topic));
            List(commands, terminal);
        }

        terminal.Line();
        terminal.Line(
            """
            On this machine: sluice up (the server), restart, demo, test, bench.
            For a server elsewhere with the Heroku CLI: sluice connect URL.
            One command or topic: sluice help pipelines:promote, sluice help pipelines. All of them: sluice commands.
            The server is found by SLUICE_URL and SLUICE_KEY, SLUICE_DATA, sluice login, or the default data folder.
            """);
    }

    /// <summary>False when no command's name begins with this topic. A topic that is a command too shows both.</summary>
    public static bool Topic(string topic, Terminal terminal)
    {
        var inTopic = Catalog.All.Where(a => a.Name.StartsWith(topic + ":", StringComparison.Ordinal) && !a.Hidden).ToArray();
        if (inTopic.Length == 0)
        {
            return false;
        }

        if (Catalog.Find(topic) is { } about)
        {
            Command(about.Make(), terminal);
            terminal.Line();
        }

        terminal.Line(terminal.Strong(char.ToUpperInvariant(topic[0]) + topic[1..] + " commands"));
        List(inTopic, terminal);
        return true;
    }

    public static void Command(CliCommand command, Terminal terminal)
    {
        var about = command.About;
        terminal.Line(about.Summary + ".");
        terminal.Line();
        terminal.Line(terminal.Strong("Usage"));
        terminal.Line($"  sluice {about.Name}{string.Concat(command.Arguments.Select(a => " " + Show(a)))}{(command.Options.Count > 0 ? " [flags]" : "")}");
        if (about.Aliases.Length > 0)
        {
            terminal.Line($"  also: {string.Join(", ", about.Aliases)}");
        }

        Section("Arguments", command.Arguments.Select(a => (a.Name, a.Description ?? "")), terminal);
        Section("Flags", command.Options.Select(o => (Show(o), o.Description ?? "")), terminal);
        terminal.Line();
        terminal.Line(terminal.Strong("Example"));
        terminal.Line("  $ " + about.Example);
        if (about.More.Length > 0)
        {
            terminal.Line();
            terminal.Line(about.More);
        }
    }

    private static void Section(string title, IEnumerable<(string Name, string Text)> rows, Terminal terminal)
    {
        var table = new Table();
        var any = false;
        foreach (var (name, text) in rows)
        {
            table.Add("  " + name, text);
            any = true;
        }

        if (any)
        {
            terminal.Line();
            terminal.Line(terminal.Strong(title));
            table.Print(terminal);
        }
    }

    private static void List(IEnumerable<About> commands, Terminal terminal)
    {
        foreach (var about in commands.Where(a => !a.Hidden))
        {
            terminal.Line($"  {about.Name,-26}{about.Summary}");
        }
    }

    private static string Show(Argument argument) => argument.Arity.MinimumNumberOfValues > 0
        ? argument.Arity.MaximumNumberOfValues > 1 ? argument.Name + "..." : argument.Name
        : $"[{argument.Name}{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}]";

    private static string Show(Option option) =>
        string.Join(", ", option.Aliases.Append(option.Name)) + (option.HelpName is { } value ? " " + value : "");
}
