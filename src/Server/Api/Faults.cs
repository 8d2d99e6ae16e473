namespace Sluice.Api;

/// <summary>What is wrong with one request, gathered so that all of it is told together.</summary>
internal sealed class Faults
{
    private readonly List<RefusedException> all;

    public Faults() => all = [];

    /// <summary>Begins with what was noted while the body was read.</summary>
    public Faults(RequestBody body) => all = [.. body.Faults.Select(sentence => Sluice.Refuse.Invalid(sentence))];

    public IReadOnlyCollection<RefusedException> All => all;

    public void Add(RefusedException fault) => all.Add(fault);

    /// <summary>What <paramref name="look"/> finds; null when it is refused, which is kept.</summary>
    public async Task<T?> TryAsync<T>(Func<Task<T>> look)
        where T : class
    {
        try
        {
            return await look();
        }
        catch (RefusedException fault) when (fault.Kind != RefusalKind.Unavailable)
        {
            all.Add(fault);
            return null;
        }
    }

    /// <summary>One fault is refused as what it is, several together as a request that is no good.</summary>
    public void Refuse()
    {
        if (all is [var only])
            throw only;
        if (all.Count > 1)
            throw Sluice.Refuse.Invalid(all.Select(fault => fault.Message));
    }
}
