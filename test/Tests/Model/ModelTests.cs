using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Model;

/// <summary>
/// The model and the server, command by command: each is answered alike, and both look alike afterwards. The same sequences each time, so that a
/// change is judged by what it changed, and such that a promotion without the permission to deploy would be among what they find; <c>SLUICE_MODEL_SEED=S</c> takes others, <c>SLUICE_MODEL_SEQUENCES=N</c> more.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int OrdinarySeed = 70_100, CommandsEach = 70, LookEvery = 15, AtLeast = 3;

    /// <summary>On a machine that has other things to do.</summary>
    private static readonly TimeSpan EnoughAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan AgreeWithin = TimeSpan.FromSeconds(20), AgreeWithinWhenShrinking = TimeSpan.FromSeconds(4), ShrinkFor = TimeSpan.FromSeconds(90);

    private int sequences;
    private int commands;
    private readonly SortedDictionary<string, (int Accepted, int Refused)> answers = new(StringComparer.Ordinal);

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Whatever_people_do_the_server_answers_and_looks_as_the_model_does(string kind)
    {
        var seed = Number("SLUICE_MODEL_SEED") ?? OrdinarySeed;
        var count = Number("SLUICE_MODEL_SEQUENCES") is { } n ? (kind == "sqlite" ? n : Math.Max(1, n / 20)) : (kind == "sqlite" ? 30 : 3);
        var watch = Stopwatch.StartNew();
        await using var server = await RealServer.StartAsync(kind);
        var isAskedFor = Number("SLUICE_MODEL_SEQUENCES") is not null;
        for (var i = 0; i < count && (isAskedFor || i < AtLeast || watch.Elapsed < EnoughAfter); i++)
        {
            var random = new Random(seed + i);
            if (await RunAsync(server, world => new Commands(random, world).Next, AgreeWithin) is { } failure)
            {
                var (shrunk, why) = await ShrinkAsync(server, failure);
                Assert.Fail($"SLUICE_MODEL_SEED={seed + i}, {failure.Commands.Length} commands, {shrunk.Length} are enough:\n{string.Join('\n', shrunk.Select(c => "  " + c))}\n{why}");
            }
        }
        output.WriteLine($"{kind}, seed {seed}: {sequences} sequences, {commands} commands agree, {watch.Elapsed.TotalSeconds:0.0} s");
        output.WriteLine("Accepted and refused: " + string.Join(", ", answers.Select(a => $"{a.Key} {a.Value.Accepted} {a.Value.Refused}")));
    }

    /// <summary>The same commands again, as they were found to disagree once.</summary>
    internal static async Task ReplayAsync(string kind, params Command[] commands)
    {
        await using var server = await RealServer.StartAsync(kind);
        var left = new Queue<Command>(commands);
        var failure = await new ModelTests(null!).RunAsync(server, _ => () => left.Count > 0 ? left.Dequeue() : null, AgreeWithin);
        Assert.True(failure is null, failure?.Why);
    }

    /// <summary>Null when they agree to the end.</summary>
    private async Task<Failure?> RunAsync(RealServer server, Func<ModelWorld, Func<Command?>> next, TimeSpan patience)
    {
        var (model, real, done) = (new ModelWorld(), new RealWorld(server, ++sequences), new List<Command>());
        var choose = next(model);
        await real.BeginAsync();
        for (var why = (string?)null; ;)
        {
            var command = done.Count < CommandsEach ? choose() : null;
            if (command is null)
            {
                why = await EndAsync(model, real, patience);
                return why is null ? null : new Failure([.. done], why);
            }
            done.Add(command);
            var (wanted, got) = (model.Do(command), await AnswerAsync(real, command));
            Count(command, wanted);
            why = wanted.ToString() != got ? $"{command}\nThe model says {wanted}, the server {got}."
                : await AgreeAsync(real, () => Sight.Moving(model), Sight.MovingAsync, patience)
                ?? (done.Count % LookEvery == 0 ? await AgreeAsync(real, () => Sight.Whole(model), Sight.WholeAsync, patience) : null);
            if (why is not null)
            {
                server.LetAllGo();
                return new Failure([.. done], why);
            }
        }
    }

    private void Count(Command command, Outcome outcome)
    {
        commands++;
        var (accepted, refused) = answers.GetValueOrDefault(command.GetType().Name);
        answers[command.GetType().Name] = outcome is Outcome.Accepted ? (accepted + 1, refused) : (accepted, refused + 1);
    }

    private static async Task<string> AnswerAsync(RealWorld real, Command command)
    {
        try
        {
            return (await real.DoAsync(command)).ToString();
        }
        catch (InvalidOperationException broken)
        {
            return broken.Message;
        }
    }

    private static async Task<string?> EndAsync(ModelWorld model, RealWorld real, TimeSpan patience)
    {
        foreach (var app in model.Apps.Select(a => a.Name))
            model.Do(new Command.LetGo(app));
        await real.EndAsync();
        return await AgreeAsync(real, () => Sight.Moving(model), Sight.MovingAsync, patience)
            ?? await AgreeAsync(real, () => Sight.Whole(model), Sight.WholeAsync, patience)
            ?? await AgreeAsync(real, () => "", async world => string.Join('\n', await Sight.BrokenAsync(world)), patience);
    }

    /// <summary>Waits until the server has come to where the model is; what is left to tell them apart when it does not.</summary>
    private static async Task<string?> AgreeAsync(RealWorld real, Func<string> wanted, Func<RealWorld, Task<string>> look, TimeSpan patience)
    {
        var (model, watch) = (wanted(), Stopwatch.StartNew());
        for (var pause = 1; ; pause = Math.Min(pause * 2, 50))
        {
            var seen = await look(real);
            if (seen == model)
                return null;
            if (watch.Elapsed > patience)
                return Difference(model, seen);
            if (pause > 10)
                real.Server.Get<Releaser>().Nudge();
            await Task.Delay(pause);
        }
    }

    /// <summary>Leaves out commands as long as it still fails.</summary>
    private async Task<(ImmutableArray<Command> Commands, string Why)> ShrinkAsync(RealServer server, Failure failure)
    {
        var watch = Stopwatch.StartNew();
        for (var size = failure.Commands.Length / 2; size > 0 && watch.Elapsed < ShrinkFor; size = size == 1 ? 0 : (size + 1) / 2)
        {
            for (var at = 0; at < failure.Commands.Length && watch.Elapsed < ShrinkFor;)
            {
                var left = new Queue<Command>(failure.Commands.RemoveRange(at, Math.Min(size, failure.Commands.Length - at)));
                var again = await RunAsync(server, _ => () => left.Count > 0 ? left.Dequeue() : null, AgreeWithinWhenShrinking);
                if (again is null)
                    at += size;
                else
                    failure = again;
            }
        }
        return (failure.Commands, failure.Why);
    }

    private static string Difference(string model, string real)
    {
        var (mine, its) = (model.Split('\n'), real.Split('\n'));
        return new StringBuilder().AppendJoin('\n', mine.Except(its).Select(l => "model:  " + l)).AppendLine().AppendJoin('\n', its.Except(mine).Select(l => "server: " + l)).ToString();
    }

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <param name="Commands">Up to the one after which they disagreed.</param>
    private sealed record Failure(ImmutableArray<Command> Commands, string Why);
}
