using Sluice.Apps;

namespace Sluice.Router;

/// <summary>What the router says in an app's place, by Heroku's codes (https://devcenter.heroku.com/articles/error-codes).</summary>
/// <param name="Description">Goes to the log as <c>desc="…"</c>.</param>
/// <param name="Visitor">A sentence for who opened the page.</param>
/// <param name="Owner">A sentence for who owns the app; <c>{app}</c> is its name.</param>
internal sealed record RouterError(string Code, int Status, string Description, string Visitor, string Owner)
{
    public static readonly RouterError Crashed = new(
        "H10", 503, "App crashed", "This app has crashed.",
        "Look at why with sluice logs -a {app}, then push a fix or go back with sluice rollback -a {app}.");

    public static readonly RouterError TooMany = new(
        "H11", 503, "Backlog too deep", "This app has more visitors at once than it can take.",
        "Add dynos with sluice ps:scale web=2 -a {app}.");

    public static RouterError TooManyWebSockets(Route route) => new(
        "H11", 503, "Too many WebSockets", "This app has as many WebSockets open as it may.",
        Quota.WebSockets.Sentence(route.MostWebSockets, "Wait until some have closed."));

    public static readonly RouterError TimedOut = new(
        "H12", 503, "Request timeout", "This app took longer than 30 seconds to answer.",
        "Move slow work to a worker, or start answering sooner. sluice logs -a {app} shows the request.");

    public static readonly RouterError ClosedWithoutResponse = new(
        "H13", 503, "Connection closed without response", "This app closed the connection before it answered.",
        "A crash in the middle of a request is the usual reason: sluice logs -a {app}.");

    public static readonly RouterError NoWebDynos = new(
        "H14", 503, "No web dynos running", "This app is not running.",
        "Start it with sluice ps:scale web=1 -a {app}. If it was never deployed, push it first.");

    public static readonly RouterError Idle = new(
        "H15", 503, "Idle connection", "The connection was closed because nothing moved on it for 55 seconds.",
        "Send a byte now and then on long connections.");

    public static readonly RouterError BadAnswer = new(
        "H17", 503, "Poorly formatted HTTP response", "This app gave an answer that is no HTTP.",
        "sluice logs -a {app} shows what it was doing.");

    public static readonly RouterError Interrupted = new(
        "H18", 503, "Server Request Interrupted", "This app closed the connection in the middle of its answer.",
        "sluice logs -a {app} shows what it was doing.");

    public static readonly RouterError ConnectTimedOut = new(
        "H19", 503, "Backend connection timeout", "This app did not take the connection in time.",
        "It may be overloaded: add dynos with sluice ps:scale web=2 -a {app}.");

    public static readonly RouterError Starting = new(
        "H20", 503, "App boot timeout", "This app is starting.",
        "It answers as soon as it listens on $PORT. sluice logs -a {app} shows how far it is.");

    public static readonly RouterError Refused = new(
        "H21", 503, "Backend connection refused", "This app does not take connections.",
        "It must listen on 0.0.0.0:$PORT. sluice logs -a {app} shows whether it does.");

    public static readonly RouterError ClientGone = new("H27", 499, "Client Request Interrupted", "", "");

    public static readonly RouterError ClientIdle = new("H28", 499, "Client Connection Idle", "", "");

    public static readonly RouterError Maintenance = new(
        "H80", 503, "Maintenance mode", "This app is down for maintenance and will be back soon.",
        "Its owner ends it with heroku maintenance:off -a {app}.");

    /// <summary>What a route says when it has no target.</summary>
    public static RouterError WhenEmpty(Route route) => (route.Maintenance ? "H80" : route.WhenEmpty) switch
    {
        "H10" => Crashed,
        "H20" => Starting,
        "H80" => Maintenance,
        _ => NoWebDynos,
    };
}
