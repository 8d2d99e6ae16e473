namespace Sluice.Wire; public sealed record ErrorWire(string Id, string Message);
