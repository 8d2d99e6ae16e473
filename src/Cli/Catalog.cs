using Sluice.Cli.Commands.Access;
using Sluice.Cli.Commands.Account;
using Sluice.Cli.Commands.Accounts;
using Sluice.Cli.Commands.Apps;
using Sluice.Cli.Commands.Authorizations;
using Sluice.Cli.Commands.Buildpacks;
using Sluice.Cli.Commands.Builds;
using Sluice.Cli.Commands.Certs;
using Sluice.Cli.Commands.Config;
using Sluice.Cli.Commands.Domains;
using Sluice.Cli.Commands.Drains;
using Sluice.Cli.Commands.Features;
using Sluice.Cli.Commands.Keys;
using Sluice.Cli.Commands.Labs;
using Sluice.Cli.Commands.Logs;
using Sluice.Cli.Commands.Maintenance;
using Sluice.Cli.Commands.Metrics;
using Sluice.Cli.Commands.Own;
using Sluice.Cli.Commands.Pipelines;
using Sluice.Cli.Commands.Ps;
using Sluice.Cli.Commands.Quotas;
using Sluice.Cli.Commands.Releases;
using Sluice.Cli.Commands.Remotes;
using Sluice.Cli.Commands.Runs;
using Sluice.Cli.Commands.Teams;

namespace Sluice.Cli;

/// <summary>Every command, in the order in which help shows them.</summary>
internal static class Catalog
{
    public static IReadOnlyList<(string Topic, About[] Commands)> Topics { get; } =
    [
        ("Pipelines",
            [PipelinesPromote.Is, PipelinesDiff.Is, PipelinesList.Is, PipelinesInfo.Is, PipelinesCreate.Is, PipelinesAdd.Is, PipelinesUpdate.Is, PipelinesRemove.Is,
             PipelinesRename.Is, PipelinesTransfer.Is, PipelinesDestroy.Is, PipelinesOpen.Is, PipelinesStages.Is]),
        ("Pipelines as in the Labs days", [PipelinePromote.Is, PipelineDiff.Is, PipelineShow.Is, PipelineAdd.Is, PipelineRemove.Is]),
        ("Apps", [AppsList.Is, AppsCreate.Is, AppsInfo.Is, AppsOpen.Is, AppsRename.Is, AppsDestroy.Is, AppsDiff.Is, Fork.Is, GitRemoteSet.Is, GitClone.Is]),
        ("Who may do what",
            [AccessList.Is, AccessAdd.Is, AccessUpdate.Is, AccessRemove.Is, AppsJoin.Is, AppsLeave.Is, AppsLock.Is, AppsUnlock.Is, AppsTransfer.Is, TransfersList.Is,
             TransfersAccept.Is, TransfersDecline.Is, TeamsList.Is, TeamsCreate.Is, TeamsDestroy.Is, MembersList.Is, MembersAdd.Is, MembersSet.Is, MembersRemove.Is,
             AccountsList.Is, AccountsCreate.Is, AccountsRemove.Is, QuotasList.Is, QuotasSet.Is]),
        ("Domains, certificates and maintenance",
            [DomainsList.Is, DomainsAdd.Is, DomainsInfo.Is, DomainsRemove.Is, DomainsClear.Is, DomainsWait.Is, DomainsUpdate.Is,
             CertsList.Is, CertsAdd.Is, CertsInfo.Is, CertsUpdate.Is, CertsRemove.Is,
             CertsAuto.Is, CertsAutoEnable.Is, CertsAutoDisable.Is, CertsAutoRefresh.Is, MaintenanceShow.Is, MaintenanceSet.On, MaintenanceSet.Off]),
        ("Releases", [ReleasesList.Is, ReleasesInfo.Is, ReleasesOutput.Is, ReleasesRetry.Is, Rollback.Is]),
        ("Config vars", [ConfigList.Is, ConfigGet.Is, ConfigSet.Is, ConfigUnset.Is, ConfigEdit.Is]),
        ("Dynos and logs",
            [RunAttached.Is, RunDetached.Is, PsList.Is, PsScale.Is, PsType.Is, PsSizes.Is, PsRestart.Is, PsStop.Is, PsWait.Is, LogsShow.Is, MetricsShow.Is, DrainsList.Is, DrainsAdd.Is, DrainsRemove.Is]),
        ("Builds", [BuildsList.Is, BuildsOutput.Is, BuildpacksList.Is, BuildpacksSet.Is, BuildpacksAdd.Is, BuildpacksRemove.Is, BuildpacksClear.Is,
             BuildpacksSearch.Is, BuildpacksInfo.Is, BuildpacksVersions.Is]),
        ("Features", [FeaturesList.Is, FeaturesInfo.Is, FeaturesSet.Enable, FeaturesSet.Disable, LabsList.Is, LabsInfo.Is, LabsSet.Enable, LabsSet.Disable]),
        ("Keys and logins",
            [AuthorizationsList.Is, AuthorizationsCreate.Is, AuthorizationsInfo.Is, AuthorizationsUpdate.Is, AuthorizationsRotate.Is, AuthorizationsRevoke.Is,
             SessionsList.Is, SessionsDestroy.Is, AuthToken.Is, TwoFactor.Is, KeysList.Is, KeysAdd.Is, KeysRemove.Is, KeysClear.Is, KeysRotate.Is]),
        ("You and this command line", [Whoami.Is, Login.Is, Logout.Is, Env.Is, Completion.Is, CommandsList.Is, Commands.Own.Version.Is, GitCredentials.Is, Complete.Is]),
    ];

    public static IEnumerable<About> All => Topics.SelectMany(t => t.Commands);

    /// <summary>By its name or one of its other names; null when there is none.</summary>
    public static About? Find(string name) => All.FirstOrDefault(a => a.Name == name) ?? All.FirstOrDefault(a => a.Aliases.Contains(name, StringComparer.Ordinal));

    /// <summary>Names that a person may have meant: at most three, the nearest first, none when all are far off.</summary>
    public static string[] Near(string typed)
    {
        var limit = Math.Max(2, typed.Length / 3);
        return [.. All.Where(a => !a.Hidden).SelectMany(a => a.Aliases.Append(a.Name))
            .Select(name => (name, Distance: Distance(typed, name)))
            .Where(n => n.Distance <= limit)
            .OrderBy(n => n.Distance).ThenBy(n => n.name, StringComparer.Ordinal)
            .Take(3).Select(n => n.name)];
    }

    /// <summary>Letters to add, drop, change or swap with a neighbour to come from one word to the other.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                d[i, j] = i == 0 || j == 0 ? i + j : Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
