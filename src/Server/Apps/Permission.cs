using System.Collections.Immutable;

namespace Sluice.Apps;

/// <summary>What a caller wants to do to an app or a pipeline. None includes another, except that all include to view.</summary>
public enum Permission
{
    /// <summary>See it: its releases, builds, dynos, logs. Not its config vars.</summary>
    View,

    /// <summary>Push to it, promote to it, roll it back, run a command in it by hand, read its config vars.</summary>
    Deploy,

    /// <summary>Scale, restart, set config vars, turn maintenance on, put it into a pipeline.</summary>
    Operate,

    /// <summary>Rename or destroy it, lock it, say who else may do what.</summary>
    Manage,

    /// <summary>Hand it to another owner. Never given: only the owner has it, or an admin of the team that is the owner.</summary>
    Own,
}

/// <summary>Some of the permissions. Whoever has one may view.</summary>
public readonly record struct PermissionSet
{
    private readonly int bits;

    private PermissionSet(int bits) => this.bits = bits == 0 ? 0 : bits | (1 << (int)Permission.View);

    /// <summary>Nothing, not even that it exists.</summary>
    public static PermissionSet None => default;

    /// <summary>What can be given to somebody.</summary>
    public static PermissionSet All { get; } = Of(Permission.View, Permission.Deploy, Permission.Operate, Permission.Manage);

    public static PermissionSet Of(params ReadOnlySpan<Permission> permissions)
    {
        var bits = 0;
        foreach (var permission in permissions)
            bits |= 1 << (int)permission;
        return new PermissionSet(bits);
    }

    public bool Has(Permission permission) => (bits & (1 << (int)permission)) != 0;

    public bool IsEmpty => bits == 0;

    /// <summary>In the order of <see cref="Permission"/>.</summary>
    public ImmutableArray<Permission> Each
    {
        get
        {
            var set = this;
            return [.. Enum.GetValues<Permission>().Where(p => set.Has(p))];
        }
    }

    /// <summary>Those of this set that <paramref name="other"/> does not have.</summary>
    public ImmutableArray<Permission> Beyond(PermissionSet other) => [.. Each.Where(p => !other.Has(p))];

    /// <summary>As it is stored: <c>view,deploy</c>.</summary>
    public override string ToString() => string.Join(',', Each.Select(p => p.Word()));

    public static PermissionSet operator |(PermissionSet a, PermissionSet b) => new(a.bits | b.bits);

    /// <summary>From <see cref="ToString"/>; null is none.</summary>
    public static PermissionSet Parse(string? stored)
    {
        var set = None;
        foreach (var word in (stored ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            set |= PermissionWords.Parse(word) is { } permission ? Of(permission) : throw new FormatException($"There is no permission {word}.");
        return set;
    }
}

/// <summary>Permissions as words.</summary>
public static class PermissionWords
{
    public static string Word(this Permission permission) => permission.ToString().ToLowerInvariant();

    /// <summary>One that can be given; null for another word.</summary>
    public static Permission? Parse(string word) => word switch
    {
        "view" => Permission.View,
        "deploy" => Permission.Deploy,
        "operate" => Permission.Operate,
        "manage" => Permission.Manage,
        _ => null,
    };
}
