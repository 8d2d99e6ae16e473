namespace Sluice.Accounts;

/// <summary>In the metadata of every route: it says who may come in, and which door asks. What is said there reads as its text.</summary>
internal interface IStatesItsNeeds;

/// <summary>Default is deny: a route that says of itself who may come in by it, or no server.</summary>
internal static class StatedNeeds
{
    /// <summary>Looks at every route, before the first request.</summary>
    /// <exception cref="InvalidOperationException">Some do not say who may come in; all are named.</exception>
    public static WebApplication DemandStatedNeeds(this WebApplication app)
    {
        var silent = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<IStatesItsNeeds>() is null).Select(endpoint => endpoint.DisplayName).ToArray();
        return silent is [] ? app
            : throw new InvalidOperationException($"Nobody may come in by a route that does not say who may: {string.Join("; ", silent)}.");
    }
}
