namespace Sluice.Releases;

/// <summary>
/// Makes the fleet's plans: current release + formation + maintenance + hosts. Whoever changes one of these nudges here by app, after the commit.
/// </summary>
public sealed class CurrentPlans
{
    /// <summary>The app's formation, name, maintenance or hosts changed. Returns at once; tried again until the fleet has the plan.</summary>
    public void Nudge(AppId app) => throw new NotImplementedException();
}
