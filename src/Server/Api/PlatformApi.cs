using Sluice.Apps;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>What there is one of: this server's stack and region.</summary>
internal static class PlatformApi
{
    /// <summary>Named <c>us</c> because clients print every other name as something special.</summary>
    public static readonly NamedWire Region = new(StableId.Of("region", "us"), "us");

    /// <summary>Stack and region are as old as the project.</summary>
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapPlatform(this IEndpointRouteBuilder api)
    {
        api.MapGet("/stacks", () => AppCatalog.Stacks.Select(ToWire).ToArray()).ForAccount();
        api.MapGet("/stacks/{stack}", (string stack) => AppCatalog.Stacks.Contains(StackName(stack)!) ? ToWire(StackName(stack)!) : throw Refuse.NotFound("stack", stack)).ForAccount();
        api.MapGet("/regions", () => new[] { RegionInfo }).ForAccount();
        api.MapGet("/regions/{region}", (string region) => IsOurRegion(region) ? RegionInfo : throw Refuse.NotFound("region", region)).ForAccount();
    }

    public static NamedWire StackOf(string name) => new(StableId.Of("stack", name), name);

    /// <summary>A stack's name from its id or name; what is unknown stays as it is.</summary>
    public static string? StackName(string? nameOrId) => AppCatalog.Stacks.FirstOrDefault(s => StackOf(s).Id.ToString() == nameOrId) ?? nameOrId;

    public static bool IsOurRegion(string nameOrId) => nameOrId == Region.Name || nameOrId == Region.Id.ToString();

    /// <summary>The provider's region is one of Heroku's list, which clients check; this machine is nowhere in it.</summary>
    private static RegionWire RegionInfo { get; } = new()
    {
        Id = Region.Id,
        Name = Region.Name,
        Description = "This server",
        Country = "Here",
        Locale = "This machine",
        PrivateCapable = false,
        Provider = new RegionProviderWire("self-hosted", "us-east-1"),
        CreatedAt = Epoch,
        UpdatedAt = Epoch,
    };

    private static StackWire ToWire(string name) => new()
    {
        Id = StackOf(name).Id,
        Name = name,
        State = "public",
        Default = name == AppCatalog.DefaultStack,
        CreatedAt = Epoch,
        UpdatedAt = Epoch,
    };
}
