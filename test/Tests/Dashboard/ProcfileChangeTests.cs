using System.Collections.Immutable;
using Sluice.Dashboard;
using Sluice.Slugs;

namespace Sluice.Tests.Dashboard;

public sealed class ProcfileChangeTests
{
    [Fact]
    public void Process_types_that_appear_vanish_or_start_otherwise_are_named()
    {
        var old = Of(("web", "perl server.pl"), ("clock", "tick"), ("release", "migrate"));
        Assert.Null(ProcfileChange.Between(old, Of(("release", "migrate"), ("clock", "tick"), ("web", "perl server.pl"))));
        Assert.Equal(
            "mail and worker are new. clock is gone, and any dynos stop. web starts with another command.",
            ProcfileChange.Between(old, Of(("web", "perl -w server.pl"), ("worker", "work"), ("mail", "post"), ("release", "migrate")))!.Told);
    }

    private static Slug Of(params (string Type, string Command)[] types) => new()
    {
        Id = new SlugId(Guid.Empty), App = new AppId(Guid.Empty), Digest = null, Stack = "heroku-24", CreatedAt = default, UpdatedAt = default,
        ProcessTypes = types.ToImmutableSortedDictionary(t => t.Type, t => t.Command),
    };
}
