namespace Sluice.Cli.Commands.Own;

/// <summary>What sends requests for the hosts that the Heroku CLI has wired in to the server's companion proxy, and keeps git out of it.</summary>
/// <param name="proxy"><c>http://127.0.0.1:PORT</c></param>
internal sealed class CompanionEnv(Run run, string proxy)
{
    private const string Here = "localhost,127.0.0.1";

    /// <exception cref="StopException">The server's folder is not known, or no such server noted its companion there.</exception>
    public static CompanionEnv Find(Run run)
    {
        var folder = run.Location.DataFolder ?? throw StopException.Failed(
            $"Where the companion of {run.Location.Address} answers is noted in its data folder: set SLUICE_DATA to that folder (and no SLUICE_URL, which goes before it), or make a way there of your own with: sluice connect {run.Location.Address}");
        var note = Path.Combine(folder, "companion");
        return File.Exists(note) && File.ReadLines(note).FirstOrDefault() is { Length: > 0 } line
            ? new CompanionEnv(run, line.Trim())
            : throw StopException.Failed($"No server notes a companion in {folder}. It is older than this command line: stop it and start it again.");
    }

    /// <param name="together">A file with the authorities that a variable names already, and ours.</param>
    public IEnumerable<(string Name, string Value)> Variables(Func<Run, string, string, string> together)
    {
        foreach (var (name, value) in new[] { ("HTTPS_PROXY", proxy), ("HTTP_PROXY", proxy), ("NO_PROXY", Here) })
        {
            yield return (name, value);

            // Some programs read the small letters first.
            if (run.Surroundings.Variable(name.ToLowerInvariant()) is not null)
            {
                yield return (name.ToLowerInvariant(), value);
            }
        }

        // Behind a proxy the Heroku CLI trusts these alone, where they are set.
        if (run.Surroundings.Variable("SSL_CERT_FILE") is not null)
        {
            yield return ("SSL_CERT_FILE", together(run, Path.Combine(run.Location.DataFolder!, "ca.pem"), "SSL_CERT_FILE"));
        }
        if (run.Surroundings.Variable("SSL_CERT_DIR") is not null)
        {
            yield return ("SSL_CERT_DIR", "");
        }
    }

    /// <summary>Our own address is reached directly, and all others as before: git asks the same variables.</summary>
    public async Task<IEnumerable<(string Key, string Value)>> GitSettingsAsync(CancellationToken ct)
    {
        (string, string) own = ($"http.https://localhost:{run.Location.Url.Port}/.proxy", "");
        if (await run.Git.HasSettingAsync("http.proxy", ct))
        {
            return [own];
        }

        var before = run.Surroundings.Variable("HTTPS_PROXY") ?? run.Surroundings.Variable("https_proxy");
        return [own, ("http.proxy", before is null || before == proxy ? "" : before)];
    }
}
