using Sluice.Accounts;
using Sluice.Apps;

namespace Sluice.Api;

/// <summary>
/// Tickets to something of an app's. Each stands for the person who asked for it: it opens as long as they may do to the app what it needs, and the key that
/// they asked with is good. A stream that one has opened ends soon after.
/// </summary>
internal sealed class AppTickets(Visit visit, Tickets tickets, Lookup lookup, KeyRing keys, TimeProvider clock)
{
    /// <summary>How long a running stream may go on after its holder lost the right to it.</summary>
    internal static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    /// <param name="kind">What it opens; it opens nothing else.</param>
    /// <param name="needs">What its holder must be allowed to do to the app whenever it is used.</param>
    public string Make<T>(string kind, AppId app, Permission needs, T about, TimeSpan lasts)
    {
        var who = visit.Who ?? throw new InvalidOperationException("Nobody was asked for.");
        return tickets.Make(kind, new Held<T>(app, needs, who.Account, who.Key, about), lasts);
    }

    /// <summary>Throws a refusal (not found) when it is not one of ours, too old, or its holder may not any more.</summary>
    public async Task<Held<T>> OpenAsync<T>(string kind, string ticket, CancellationToken ct)
    {
        var held = tickets.Open<Held<T>>(kind, ticket);
        return await IsAllowedAsync(held, ct) ? held : throw Tickets.Refused();
    }

    /// <summary>Sends a stream until its end, or until its holder may not read it any more.</summary>
    public async Task WhileAllowedAsync<T>(Held<T> held, Func<CancellationToken, Task> send, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var watching = EndWithRightAsync(held, ending);
        try
        {
            await send(ending.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The answer simply ends: who lost the right to it is owed no more.
        }
        finally
        {
            await ending.CancelAsync();
            await watching;
        }
    }

    private async Task EndWithRightAsync<T>(Held<T> held, CancellationTokenSource ending)
    {
        try
        {
            do
                await Task.Delay(LookAgain, clock, ending.Token);
            while (await IsAllowedAsync(held, ending.Token));
        }
        catch (OperationCanceledException)
        {
            // It was sent to its end.
        }
        finally
        {
            await ending.CancelAsync();
        }
    }

    private async Task<bool> IsAllowedAsync<T>(Held<T> held, CancellationToken ct)
    {
        if (held.Key is { } key && !await keys.IsGoodAsync(key, ct))
            return false;
        try
        {
            await lookup.AppAsync(held.App.ToString(), held.Needs, new Principal(held.Account, "", ""), ct);
            return true;
        }
        catch (RefusedException)
        {
            return false;
        }
    }
}

/// <summary>An opened ticket: what it is about, of which app, and who holds it.</summary>
internal sealed record Held<T>(AppId App, Permission Needs, AccountId Account, Guid? Key, T About);
