using Sluice.Pipelines;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>What stands over every page of a pipeline.</summary>
public sealed record HeadView(PipelineAccess Access, PipelineTab Tab, string Query = "");

/// <summary>The pages of a pipeline.</summary>
public enum PipelineTab
{
    Stages,
    Changes,
    History,
    Access,
    Settings,
}
