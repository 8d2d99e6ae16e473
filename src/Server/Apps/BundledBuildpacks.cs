using System.Collections.Immutable;

namespace Sluice.Apps;

/// <summary>A buildpack that comes with this server.</summary>
/// <param name="Name">Heroku's name: <c>heroku/nodejs</c>.</param>
/// <param name="Folder">Under <c>buildpacks/</c>; several names may mean one folder.</param>
public sealed record BundledBuildpack(string Name, string Folder, string Description)
{
    private const string Urn = "urn:buildpack:";
    private const string Registry = "https://buildpack-registry.s3.amazonaws.com/buildpacks/";

    /// <summary>In the order in which they are asked when an app names none; then other names for the same.</summary>
    public static readonly ImmutableArray<BundledBuildpack> All =
    [
        new("heroku/nodejs", "node", "Node.js: npm, yarn or pnpm, and the build script of package.json"),
        new("heroku/python", "python", "Python: requirements.txt, pyproject.toml or Pipfile.lock"),
        new("heroku/dotnet", "dotnet", ".NET: publishes the projects of a solution"),
        new("heroku/static", "static", "Static files, served by nginx"),
        new("heroku/procfile", "procfile", "Takes the files as they are and starts what the Procfile says"),
        new("heroku-community/static", "static", "Another name for heroku/static"),
        new("heroku-community/nginx", "static", "Another name for heroku/static"),
        new("heroku/node", "node", "Another name for heroku/nodejs"),
        new("heroku/python-uv", "python", "Another name for heroku/python"),
    ];

    /// <summary>The names that people are told, one a folder.</summary>
    public static string Names => string.Join(", ", All.Where(b => !b.Description.StartsWith("Another name", StringComparison.Ordinal)).Select(b => b.Name));

    /// <summary>By a name, with or without <c>urn:buildpack:</c>, by a folder, or by the address that Heroku's registry gives out for a name; null when it is none of ours.</summary>
    public static BundledBuildpack? Find(string text)
    {
        var name = text.StartsWith(Urn, StringComparison.Ordinal) ? text[Urn.Length..]
            : text.StartsWith(Registry, StringComparison.Ordinal) && text.EndsWith(".tgz", StringComparison.Ordinal) ? text[Registry.Length..^4] : text;
        return All.FirstOrDefault(b => b.Name == name) ?? All.FirstOrDefault(b => b.Folder == name);
    }
}
