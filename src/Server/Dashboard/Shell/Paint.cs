using System.Collections.Immutable;

namespace Sluice.Dashboard.Shell;

/// <summary>A piece of a line in one colour. <paramref name="Class"/> names what the sheet makes of it; empty for plain text.</summary>
internal sealed record Run(string Text, string Class);

/// <summary>
/// The colours that a program asked a terminal for (SGR), as classes of our own: the eight colours, bold, dim, italic, underlined, a ground. Colours by number or by
/// red, green and blue become the nearest of the eight, so that each can be read on our ground. What hides, blinks or strikes is left out.
/// </summary>
internal static class Paint
{
    /// <summary>Above this the rest of a line is plain: nobody reads more, and each costs an element.</summary>
    private const int MostRuns = 60;

    /// <param name="line">Without any control but such sequences: see <see cref="Sluice.Logs.LogText.Coloured"/>.</param>
    public static ImmutableArray<Run> Runs(string line)
    {
        var runs = ImmutableArray.CreateBuilder<Run>();
        var (brush, at) = (new Brush(), 0);
        while (at < line.Length)
        {
            var escape = line.IndexOf('\u001b', at);
            var end = escape < 0 ? line.Length : escape;
            if (end > at)
                runs.Add(new Run(line[at..end], runs.Count < MostRuns ? brush.Class : ""));
            if (escape < 0)
                break;
            var last = line.IndexOf('m', escape);
            if (last < 0)
                break;
            brush = brush.After(line[(escape + 2)..last]);
            at = last + 1;
        }

        return runs.ToImmutable();
    }

    private readonly record struct Brush(int? Colour, int? Ground, bool IsBold, bool IsDim, bool IsItalic, bool IsUnderlined)
    {
        public string Class => string.Join(' ', new[]
        {
            Colour is { } c ? $"c{c}" : "", Ground is { } g ? $"on on{g}" : "", IsBold ? "bold" : "", IsDim ? "dim" : "", IsItalic ? "slant" : "", IsUnderlined ? "under" : "",
        }.Where(word => word.Length > 0));

        public Brush After(string parameters)
        {
            var codes = parameters.Split(';').Select(p => p.Length is > 0 and < 4 ? int.Parse(p, System.Globalization.CultureInfo.InvariantCulture) : 0).ToArray();
            var brush = this;
            for (var i = 0; i < codes.Length; i++)
            {
                if (codes[i] is 38 or 48)
                {
                    var isGround = codes[i] == 48;
                    var (colour, used) = Mixed(codes.AsSpan(i + 1));
                    brush = isGround ? brush with { Ground = colour } : brush with { Colour = colour };
                    i += used;
                }
                else
                {
                    brush = brush.After(codes[i]);
                }
            }

            return brush;
        }

        private Brush After(int code) => code switch
        {
            0 => new Brush(),
            1 => this with { IsBold = true },
            2 => this with { IsDim = true },
            3 => this with { IsItalic = true },
            4 => this with { IsUnderlined = true },
            7 => this with { Colour = null, Ground = Colour ?? 7 },
            22 => this with { IsBold = false, IsDim = false },
            23 => this with { IsItalic = false },
            24 => this with { IsUnderlined = false },
            27 or 49 => this with { Ground = null },
            39 => this with { Colour = null },
            >= 30 and <= 37 => this with { Colour = code - 30 },
            >= 40 and <= 47 => this with { Ground = code - 40 },
            >= 90 and <= 97 => this with { Colour = code - 90 },
            >= 100 and <= 107 => this with { Ground = code - 100 },
            _ => this,
        };

        /// <summary>After 38 or 48: <c>5;n</c> of a table of 256, or <c>2;r;g;b</c>.</summary>
        private static (int? Colour, int Used) Mixed(ReadOnlySpan<int> rest) => rest switch
        {
            [5, var n, ..] => (n < 16 ? n % 8 : n >= 232 ? Nearest(n - 232, n - 232, n - 232, 23) : Nearest((n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6, 5), 2),
            [2, var r, var g, var b, ..] => (Nearest(r, g, b, 255), 4),
            _ => (null, rest.Length),
        };

        /// <summary>Black, red, green, yellow, blue, magenta, cyan, white: one bit for each part that is nearer the strongest than the weakest.</summary>
        private static int Nearest(int red, int green, int blue, int full)
        {
            var (most, least) = (Math.Max(red, Math.Max(green, blue)), Math.Min(red, Math.Min(green, blue)));
            if (most - least <= full / 6)
                return most > full / 2 ? 7 : 0;
            var middle = (most + least) / 2.0;
            return (red > middle ? 1 : 0) | (green > middle ? 2 : 0) | (blue > middle ? 4 : 0);
        }
    }
}
