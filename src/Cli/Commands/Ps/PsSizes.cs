using System.CommandLine;
using System.Globalization;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsSizes : CliCommand
{
    public static readonly About Is = new("ps:sizes", "List the sizes that dynos may have", "sluice ps:sizes", () => new PsSizes());

    private readonly Option<bool> json = Flags.Json();

    public PsSizes() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var sizes = await run.Server.ListAsync<DynoSizeWire>("/dyno-sizes", ct);
        if (run.Value(json))
        {
            run.Json(sizes);
            return ExitCode.Ok;
        }

        var table = new Table("Size", "Memory");
        foreach (var size in sizes)
        {
            table.Add(size.Name, size.Memory < 1 ? $"{size.Memory * 1024:0} MB" : string.Create(CultureInfo.InvariantCulture, $"{size.Memory:0.#} GB"));
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
