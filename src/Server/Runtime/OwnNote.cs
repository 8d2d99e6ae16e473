using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>What an agent noted for the next one about something that runs. Not synced: after a power cut nothing runs any more, so that nobody misses it.</summary>
internal static class OwnNote
{
    /// <summary>Null when there is none, or a power cut left it empty or in part.</summary>
    public static T? Read<T>(string file)
        where T : class
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize<T>(File.ReadAllText(file)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
