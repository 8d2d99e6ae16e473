// The command line of Sluice: finds the server, says one thing to it, prints the answer.
// Commands/ holds one file per command; Catalog.cs lists them in the order that help shows.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; stop.Cancel(); };
return (int)await Sluice.Cli.CommandLine.RunAsync(args, Sluice.Cli.Surroundings.OfThisProcess(), stop.Token);
