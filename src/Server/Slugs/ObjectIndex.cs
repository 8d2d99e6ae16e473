namespace Sluice.Slugs;

/// <summary>
/// Which inode is which object. It is read from the folders of objects themselves (a listing gives inode and name without a stat), so it
/// cannot be stale and needs no file of its own. While a collection runs, whoever uses an object marks it here in the same breath.
/// </summary>
internal sealed class ObjectIndex
{
    private readonly Lock gate = new();
    private readonly Dictionary<ulong, Known> byInode = [];
    private HashSet<ObjectName>? marked;

    private record struct Known(ObjectName Name, bool Verified);

    public void Add(ulong inode, ObjectName name, bool verified)
    {
        lock (gate)
            byInode[inode] = new(name, verified);
    }

    /// <summary>The object that this inode is, marked as in use. The caller still asks whether the file is the store's own.</summary>
    public bool TryUse(ulong inode, out ObjectName name)
    {
        lock (gate)
        {
            var known = byInode.TryGetValue(inode, out var found);
            name = found.Name;
            if (known)
                marked?.Add(name);
            return known;
        }
    }

    public bool Has(ulong inode)
    {
        lock (gate)
            return byInode.ContainsKey(inode);
    }

    /// <summary>Says that an object is about to be used, whether it is there already or not.</summary>
    public void Use(ObjectName name)
    {
        lock (gate)
            marked?.Add(name);
    }

    /// <summary>Whether its bytes were hashed since this process started.</summary>
    public bool IsVerified(ulong inode, ObjectName name)
    {
        lock (gate)
            return byInode.TryGetValue(inode, out var known) && known.Verified && known.Name == name;
    }

    public void SetVerified(ulong inode, ObjectName name) => Add(inode, name, verified: true);

    public void Drop(ulong inode)
    {
        lock (gate)
            byInode.Remove(inode);
    }

    public void StartMarking()
    {
        lock (gate)
            marked = [];
    }

    public void StopMarking()
    {
        lock (gate)
            marked = null;
    }

    /// <summary>Removes an object with <paramref name="remove"/> unless somebody marked it, and forgets its inode: numbers come back.</summary>
    public void RemoveUnmarked(ulong inode, ObjectName name, Action remove)
    {
        lock (gate)
        {
            if (marked is null || marked.Contains(name))
                return;
            remove();
            byInode.Remove(inode);
        }
    }
}
