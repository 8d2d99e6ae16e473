using System.Collections.Immutable;

namespace Sluice.Apps;

/// <summary>How much of the machine one dyno may use. The names are Heroku's, so that its clients know them.</summary>
/// <param name="Name">As people write it, <c>Standard-1X</c>.</param>
/// <param name="MemoryMb">Its memory limit in MiB.</param>
/// <param name="Compute">Its share of CPU against the other dynos; 1 is the smallest.</param>
public sealed record DynoSize(Guid Id, string Name, int MemoryMb, int Compute, bool IsDedicated)
{
    public static readonly ImmutableArray<DynoSize> All =
    [
        new(new("5b7a4f60-0000-4000-8000-000000000001"), "Eco", 512, 1, IsDedicated: false),
        new(new("5b7a4f60-0000-4000-8000-000000000002"), "Basic", 512, 1, IsDedicated: false),
        new(new("5b7a4f60-0000-4000-8000-000000000003"), "Standard-1X", 512, 1, IsDedicated: false),
        new(new("5b7a4f60-0000-4000-8000-000000000004"), "Standard-2X", 1024, 2, IsDedicated: false),
        new(new("5b7a4f60-0000-4000-8000-000000000005"), "Performance-M", 2560, 12, IsDedicated: true),
        new(new("5b7a4f60-0000-4000-8000-000000000006"), "Performance-L", 14_336, 50, IsDedicated: true),
    ];

    /// <summary>What a process type gets when nobody said otherwise.</summary>
    public static DynoSize Default => All[2];

    /// <summary>By name in any case, or by id; null when there is none.</summary>
    public static DynoSize? Find(string nameOrId) =>
        All.FirstOrDefault(size => size.Name.Equals(nameOrId, StringComparison.OrdinalIgnoreCase) || size.Id.ToString() == nameOrId);
}
