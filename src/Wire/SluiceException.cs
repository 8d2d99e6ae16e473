namespace Sluice.Wire;

/// <summary>The server said no: its message is a sentence for a person, <see cref="Id"/> a word for machines.</summary>
/// <param name="status">The HTTP status.</param>
public sealed class SluiceException(int status, string id, string message, string? resource = null) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary><c>not_found</c>, <c>invalid_params</c>, <c>conflict</c> …; <c>unknown</c> when the answer was not one of Sluice's.</summary>
    public string Id { get; } = id;

    /// <summary>What was looked for, with <c>not_found</c>.</summary>
    public string? Resource { get; } = resource;
}
