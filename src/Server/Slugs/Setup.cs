using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Sluice.Runtime;

namespace Sluice.Slugs;

internal static class SlugsSetup
{
    /// <summary>The server's side: asks the agent.</summary>
    public static WebApplicationBuilder AddSlugs(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SlugClient>();
        builder.Services.AddSingleton<SlugCatalog>();
        builder.Services.AddSingleton<SlugPresence>();
        return builder;
    }

    /// <summary>The agent's side: the operations of <see cref="SlugClient"/>.</summary>
    public static AgentHost MapSlugs(this AgentHost host, SlugStore store, DataFolder data) => host
        .On<SlugImport, SlugMade>("slug.import", async (ask, _, ct) =>
        {
            await using var archive = OpenUpload(data, ask.File);
            return await store.ImportAsync(archive, ask.Stack, SlugLimits.OfMb(ask.MaxMb), ct);
        })
        .On<SlugAsk, Done>("slug.export", async (ask, write, ct) =>
        {
            await using var output = new FrameStream(write);
            await store.ExportAsync(ask.Slug, output, ct);
            return Done.Value;
        })
        .On<SlugAsk, SlugFound>("slug.manifest", async (ask, write, ct) =>
        {
            if (await store.ManifestAsync(ask.Slug, ct) is not { } text)
                return new(false);
            await using var output = new FrameStream(write);
            await output.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
            return new(true);
        })
        .On<SlugCompare, Done>("slug.compare", async (ask, write, ct) =>
        {
            await using var output = new FrameStream(write);
            await JsonSerializer.SerializeAsync(output, await store.CompareAsync(ask.Before, ask.After, ct), AgentClient.Json, ct);
            return Done.Value;
        })
        .On<SlugCollect, SlugCollected>("slug.collect", async (ask, _, ct) => new(await store.CollectAsync([.. ask.Keep], ct)))
        .On<SlugAsk, SlugLack>("slug.lack", async (ask, _, ct) => new(await store.LackAsync(ask.Slug, ct)))
        .On<SlugAsk, SlugVerified>("slug.verify", async (ask, _, ct) => new(await store.VerifyAsync(ask.Slug, ct)));

    /// <summary>Uploads belong to the server's user, who could plant a link there: a plain name, never followed.</summary>
    private static unsafe FileStream OpenUpload(DataFolder data, string file)
    {
        if (file.Length is 0 or > 100 || file[0] == '.' || !file.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'))
            throw Refuse.Invalid("An upload is named by letters, digits, dashes and dots.");
        using var folder = Libc.OpenFolder(data.Uploads);
        fixed (byte* name = Name.Of(file))
        {
            var fd = Libc.OpenBelow((int)folder.DangerousGetHandle(), name, Libc.ReadOnly | Libc.NoFollow | Libc.NonBlocking, 0);
            if (fd < 0 && Libc.Errno == Libc.ENOENT)
                throw Refuse.NotFound("upload", file);
            var handle = new SafeFileHandle(Libc.Check(fd, "opening an upload"), ownsHandle: true);
            try
            {
                return new FileStream(handle, FileAccess.Read, 128 * 1024);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
    }
}

internal sealed record SlugImport(string File, string Stack, long MaxMb);

internal sealed record SlugAsk(SlugDigest Slug);

internal sealed record SlugFound(bool Found);

internal sealed record SlugCompare(SlugDigest Before, SlugDigest After);

internal sealed record SlugCollect(ImmutableArray<SlugDigest> Keep);

internal sealed record SlugCollected(long Bytes);

internal sealed record SlugVerified(ImmutableArray<string> Damaged);

internal sealed record SlugLack(string? Lack);

internal sealed record Done
{
    public static readonly Done Value = new();
}
