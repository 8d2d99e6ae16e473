namespace Sluice.Wire;

/// <summary><c>POST /apps/:app/log-sessions</c></summary>
/// <param name="LogplexUrl">Server-sent events, a line each; the address is the permission.</param>
public sealed record LogSessionWire(Guid Id, string LogplexUrl, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Body of <c>POST /apps/:app/log-sessions</c>.</summary>
/// <param name="Dyno">A dyno's name (<c>web.1</c>) or a process type.</param>
/// <param name="Source">app or heroku.</param>
/// <param name="Lines">How many of the past; 100 unless said otherwise.</param>
public sealed record CreateLogSessionWire(string? Dyno = null, string? Source = null, int? Lines = null, bool? Tail = null);
