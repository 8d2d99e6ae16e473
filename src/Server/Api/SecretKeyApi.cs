using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>The key that seals secrets at rest, for administrators: which data key is in use, and a new one. The keys themselves never leave the server. Ours, not Heroku's.</summary>
internal static class SecretKeyApi
{
    public static void MapSecretKey(this IEndpointRouteBuilder api)
    {
        api.MapGet("/secret-key", Info).ForAdministrator().ReachingAccount();
        api.MapPost("/secret-key/actions/rotate", Rotate).ForAdministrator().ReachingAccount();
    }

    private static async Task<SecretKeyWire> Info(KeyRotation keys, CancellationToken ct) => (await keys.StateAsync(ct)).ToWire();

    private static async Task<SecretKeyWire> Rotate(Principal who, KeyRotation keys, CancellationToken ct) => (await keys.RotateAsync(who.Account, who.RequestId, ct)).ToWire();

    private static SecretKeyWire ToWire(this KeyState state) => new() { Number = state.DataKey, Waiting = state.Waiting, CreatedAt = state.Since };
}
