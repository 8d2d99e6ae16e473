namespace Sluice.Wire;

/// <summary>Why a request was refused: <paramref name="Id"/> is a word for machines (<c>not_found</c>), <paramref name="Message"/> a sentence for people.</summary>
/// <param name="Resource">What was looked for, with <c>not_found</c>.</param>
/// <param name="Url">Where there is more to read.</param>
public sealed record ErrorWire(string Id, string Message, string? Resource = null, string? Url = null);
