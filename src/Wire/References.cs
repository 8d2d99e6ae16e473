namespace Sluice.Wire;

/// <summary>Something that has only its id here.</summary>
public sealed record IdWire(Guid Id);

/// <summary>Something by its id and name.</summary>
public sealed record NamedWire(Guid Id, string Name);

/// <summary>An account, as others see it.</summary>
public sealed record UserWire(Guid Id, string Email);
