using System.Collections.Immutable;
using Sluice.Runtime;

namespace Sluice.Apps;

/// <summary>How many dynos of which size one process type of one app should have.</summary>
public sealed record Formation
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }

    /// <summary>Process type, as in the Procfile.</summary>
    public required string Type { get; init; }

    /// <summary>0 or more.</summary>
    public required int Quantity { get; init; }

    /// <summary>Name of a <see cref="DynoSize"/>.</summary>
    public required string Size { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What someone wants of one process type. Null leaves it as it is.</summary>
/// <param name="Quantity">A count, or a change: <c>2</c>, <c>+1</c>, <c>-1</c>.</param>
public sealed record Scale(string Type, string? Quantity, string? Size)
{
    /// <summary>Most dynos of one type; a slip of the finger should not take the machine down.</summary>
    public const int MaxQuantity = 100;

    public IEnumerable<string> Faults()
    {
        if (Quantity is not null && !TryQuantity(0, out _))
            yield return $"The quantity of {Type} is a whole number, or a change like +1 or -1; this is {Quantity}.";
        if (Size is not null && DynoSize.Find(Size) is null)
            yield return $"There is no dyno size {Size}; there are {string.Join(", ", DynoSize.All.Select(s => s.Name))}.";
    }

    /// <summary>The quantity that this asks for, given the one there is; never below 0.</summary>
    public bool TryQuantity(int now, out int wanted)
    {
        wanted = now;
        if (Quantity is null)
            return true;
        if (!int.TryParse(Quantity, out var number))
            return false;
        var isChange = Quantity[0] is '+' or '-';
        wanted = (int)Math.Clamp(isChange ? (long)now + number : number, 0, int.MaxValue);
        return true;
    }
}
