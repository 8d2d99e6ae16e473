using System.Collections.Immutable;
using Sluice.Router;

namespace Sluice.Dynos;

/// <summary>The dynos of one app, and for a while those that are no more; touched only under the app's lock.</summary>
internal sealed class Roster
{
    private static readonly TimeSpan RemembersFor = TimeSpan.FromMinutes(5);

    private readonly List<Dyno> dynos = [];

    /// <summary>Dynos that are no more, and since when: a list of what runs may have been made just before.</summary>
    private readonly Dictionary<DynoId, TimeSpan> gone = [];

    public bool IsEmpty => dynos.Count == 0;

    public IEnumerable<Dyno> All => dynos;

    public void Add(Dyno dyno) => dynos.Add(dyno);

    public Dyno? Find(DynoId id) => dynos.Find(d => d.Id == id);

    /// <summary>It is here, or was not long ago.</summary>
    public bool Knows(DynoId id) => gone.ContainsKey(id) || dynos.Exists(d => d.Id == id);

    public bool Fills(Slot slot) => dynos.Exists(d => d.Slot == slot && d.FillsSlot);

    public bool IsUpIn(Slot slot) => dynos.Exists(d => d.Slot == slot && d.Phase == DynoPhase.Kept && d.IsUp);

    /// <summary>Something is left of the type's other generations, or of that very dyno.</summary>
    public bool IsBefore(Slot slot) => dynos.Exists(d => d.Slot.Type == slot.Type && (d.Slot.Generation != slot.Generation || d.Slot == slot) && !d.HasEnded);

    /// <summary>Where requests may go that are for that generation.</summary>
    public ImmutableArray<Target> Targets(int generation) =>
    [
        .. dynos.Where(d => d.Serves && d.Slot.Generation == generation).OrderBy(d => d.Slot.Index).ThenBy(d => d.Id.Value)
            .Select(d => new Target(d.Id, d.Slot.Name, d.Status.Address!, d.Status.Port)),
    ];

    /// <summary>Takes out those that are gone.</summary>
    public void Tidy(TimeSpan now)
    {
        foreach (var dyno in dynos.Where(d => d.Phase == DynoPhase.Gone))
            gone[dyno.Id] = now;
        dynos.RemoveAll(d => d.Phase == DynoPhase.Gone);
        foreach (var old in gone.Where(g => g.Value + RemembersFor < now).ToArray())
            gone.Remove(old.Key);
    }
}
