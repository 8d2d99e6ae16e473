using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Public SSH keys, kept for clients that add one. Git goes over https here.</summary>
internal static class SshKeysApi
{
    public static void MapSshKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet("/account/keys", List).ForAccount().ReachingAccount();
        api.MapPost("/account/keys", Add).ForAccount().ReachingAccount();
        api.MapGet("/account/keys/{key}", Info).ForAccount().ReachingAccount();
        api.MapDelete("/account/keys/{key}", Remove).ForAccount().ReachingAccount();
    }

    private static async Task<SshKeyWire[]> List(Principal who, SshKeys keys, CancellationToken ct) =>
        [.. (await keys.ListAsync(who.Account, ct)).Select(key => key.ToWire(who))];

    private static async Task<SshKeyWire> Info(string key, Principal who, SshKeys keys, CancellationToken ct) =>
        (await keys.FindAsync(who.Account, Uri.UnescapeDataString(key), ct)).ToWire(who);

    private static async Task<Created<SshKeyWire>> Add(RequestBody body, Principal who, SshKeys keys, CancellationToken ct)
    {
        var text = body.NeedText("public_key");
        body.RefuseFaults();
        var key = await keys.AddAsync(text, who, ct);
        return TypedResults.Created($"/account/keys/{key.Id}", key.ToWire(who));
    }

    private static async Task<SshKeyWire> Remove(string key, Principal who, SshKeys keys, CancellationToken ct)
    {
        var found = await keys.FindAsync(who.Account, Uri.UnescapeDataString(key), ct);
        await keys.RemoveAsync(found, who, ct);
        return found.ToWire(who);
    }

    private static SshKeyWire ToWire(this SshKey key, Principal who) => new()
    {
        Id = key.Id,
        Comment = key.Comment,
        Email = who.Email,
        Fingerprint = key.Fingerprint,
        PublicKey = key.PublicKey,
        CreatedAt = key.CreatedAt,
        UpdatedAt = key.UpdatedAt,
    };
}
