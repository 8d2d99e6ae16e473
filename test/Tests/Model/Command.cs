using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>How a command was answered: the kind, never the words.</summary>
internal enum Outcome
{
    Accepted,
    BadRequest,
    Forbidden,
    NotFound,
    Conflict,
    Invalid,
}

/// <summary>What may be done to an app or a pipeline. Whoever has any of it has <see cref="View"/>.</summary>
[Flags]
internal enum May
{
    Nothing = 0,
    View = 1,
    Deploy = 2,
    Operate = 4,
    Manage = 8,
    Own = 16,
    Work = View | Deploy | Operate,
    All = Work | Manage | Own,
}

/// <summary>One thing that somebody asks for. Apps, pipelines, teams and people go by short names, which need not exist.</summary>
internal abstract record Command
{
    public sealed record CreateApp(string Who, string App, string? Team, bool Locked) : Command;

    public sealed record DestroyApp(string Who, string App) : Command;

    public sealed record RenameApp(string Who, string App, string To) : Command;

    public sealed record LockApp(string Who, string App, bool Locked) : Command;

    /// <param name="Value">Null removes it. <c>FAIL</c> lets release commands fail, <c>CRASH</c> lets dynos crash while they boot.</param>
    public sealed record SetConfig(string Who, string App, string Name, string? Value) : Command;

    /// <param name="HasPhase">The slug has a release command.</param>
    public sealed record Deploy(string Who, string App, string Commit, bool HasPhase) : Command;

    public sealed record RollBack(string Who, string App, int Version) : Command;

    public sealed record CreatePipeline(string Who, string Pipeline, string? Team) : Command;

    public sealed record DestroyPipeline(string Who, string Pipeline) : Command;

    public sealed record RenamePipeline(string Who, string Pipeline, string To) : Command;

    public sealed record Couple(string Who, string Pipeline, string App, string Stage) : Command;

    public sealed record Recouple(string Who, string App, string Stage) : Command;

    public sealed record Uncouple(string Who, string App) : Command;

    public sealed record AddStage(string Who, string Pipeline, string Stage, string? Before, string? After) : Command;

    public sealed record MoveStage(string Who, string Pipeline, string Stage, string? Before, string? After) : Command;

    public sealed record RemoveStage(string Who, string Pipeline, string Stage) : Command;

    public sealed record SetEdge(string Who, string App, string Downstream) : Command;

    public sealed record RemoveEdge(string Who, string App, string? Only) : Command;

    /// <param name="Pipeline">Null: not named.</param>
    /// <param name="Targets">Empty: not named.</param>
    public sealed record Promote(string Who, string Source, string? Pipeline, ImmutableArray<string> Targets, int? Release, bool IfCurrent, bool Skip, bool AllOrNothing) : Command
    {
        public override string ToString() =>
            $"Promote {{ {Who}: {Source}{(Release is { } v ? $" v{v}" : "")} to [{string.Join(' ', Targets)}]{(Pipeline is null ? "" : " in " + Pipeline)}"
            + $"{(IfCurrent ? " if current" : "")}{(Skip ? " skip" : "")}{(AllOrNothing ? " all or nothing" : "")} }}";
    }

    public sealed record PutMember(string Who, string Team, string Person, string Role) : Command;

    public sealed record RemoveMember(string Who, string Team, string Person) : Command;

    /// <param name="Wanted">Null: not said.</param>
    public sealed record AddCollaborator(string Who, string App, string Person, May? Wanted) : Command;

    public sealed record ChangeCollaborator(string Who, string App, string Person, May Wanted) : Command;

    public sealed record RemoveCollaborator(string Who, string App, string Person) : Command;

    public sealed record OfferApp(string Who, string App, string To) : Command;

    public sealed record AnswerOffer(string Who, string App, bool Accept) : Command;

    public sealed record WithdrawOffer(string Who, string App) : Command;

    public sealed record TransferPipeline(string Who, string Pipeline, string To) : Command;

    /// <summary>Nobody asks for this: release commands of the app that begin from now on do not end.</summary>
    public sealed record Hold(string App) : Command;

    /// <summary>Release commands of the app end.</summary>
    public sealed record LetGo(string App) : Command;
}
