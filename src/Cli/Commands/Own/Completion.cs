using System.CommandLine;

namespace Sluice.Cli.Commands.Own;

internal sealed class Completion : CliCommand
{
    public static readonly About Is = new("completion", "Print what makes the Tab key work in your shell", "source <(sluice completion bash)", () => new Completion())
    {
        More = "Commands, flags, stages, apps and pipelines are completed. Put the line into ~/.bashrc, ~/.zshrc (with zsh) or, for fish,\n"
            + "sluice completion fish > ~/.config/fish/completions/sluice.fish",
    };

    // Bash breaks words at colons, which our command names hold: what stands before the last colon is cut off again.
    private const string Bash =
        """
        _sluice() {
          local line="${COMP_LINE:0:$COMP_POINT}" word
          word="${line##* }"
          mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete -- "$line" 2>/dev/null)
          if [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
          fi
        }
        complete -o default -F _sluice sluice ./sluice
        """;

    private const string Zsh =
        """
        _sluice() {
          local -a found
          found=("${(@f)$("${words[1]}" complete -- "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
          compadd -- $found
        }
        compdef _sluice sluice ./sluice
        """;

    private const string Fish =
        """
        complete -c sluice -f -a '(sluice complete -- (commandline -cp) 2>/dev/null)'
        """;

    private readonly Argument<string> shell = Flags.Needed("SHELL", "bash, zsh or fish");

    public Completion() : base(Is)
    {
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Arguments.Add(shell);
    }

    public override Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        run.Terminal.Line(run.Value(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
        return Task.FromResult(ExitCode.Ok);
    }
}
