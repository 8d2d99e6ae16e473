using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Api;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>
/// The power goes between any two writes of whoever keeps files, and once more between any two of what makes it good; what comes up again is every combination of
/// what may be lost. What was said to be done is there, and the next start goes on.
/// </summary>
public sealed class PowerCutTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TempFolder folder = new();
    private int points;

    private DataFolder Data => new(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Nothing_acknowledged_is_lost_at_ten_thousand_points()
    {
        Cut(Publishing, Published, deep: true);
        Cut(Rotating, Opens, deep: true);
        Cut(GivingUids, SameUids, deep: true);
        Cut(NumberingLines, HigherNumbers, deep: true);
        Cut(Receiving, WholeUploads, deep: true);
        Cut(Serving, AnyWholeSet, deep: true);
        Cut(Routing, AnyWholeTable, deep: true);
        Cut((disk, said) => said.Done(Authority(disk)), (disk, said) => Assert.True(said.Sure is null || said.Sure == Authority(disk)), deep: false);
        TestContext.Current.TestOutputHelper?.WriteLine($"{points} points");
        Assert.True(points >= 10_000, $"only {points} points");
    }

    [Fact]
    public void Without_its_syncs_the_same_is_lost()
    {
        static void Careless(Disk disk, Said said)
        {
            foreach (var text in new[] { "one", "two" })
            {
                said.Begins(text);
                using (var file = disk.Create("/d/t", Mode))
                    file.Write(Encoding.UTF8.GetBytes(text));
                disk.Rename("/d/t", "/d/a");
                said.Done(text);
            }
        }
        Assert.ThrowsAny<Exception>(() => Cut(Careless, Published, deep: false));
    }

    private static void Publishing(Disk disk, Said said)
    {
        foreach (var text in new[] { "one", "two and more", "three", "four", "five" })
        {
            said.Begins(text);
            disk.Publish("/d/b", "beside"u8, Mode);
            disk.Publish("/d/a", Encoding.UTF8.GetBytes(text), Mode);
            said.Done(text);
        }
    }

    private static void Published(Disk disk, Said said)
    {
        said.Sees(disk.Read("/d/a") is { } bytes ? Encoding.UTF8.GetString(bytes) : null);
        disk.Publish("/d/a", "again"u8, Mode);
        Assert.Equal("again"u8, disk.Read("/d/a")!);
    }

    /// <summary>As <see cref="KeyRotation"/> does it: both keys in the file, the records sealed by the new one (they have their own syncs), the new one alone.</summary>
    private static void Rotating(Disk disk, Said said)
    {
        var file = new KeyFile("/d/secret.key", disk);
        var former = file.ReadOrCreate()[0];
        said.Records = Box.Seal(former.Span, "data", "plain"u8, []);
        for (var i = 0; i < 2; i++)
        {
            ReadOnlyMemory<byte> fresh = RandomNumberGenerator.GetBytes(Box.KeySize);
            file.Save(fresh, former);
            said.Records = Box.Seal(fresh.Span, "data", "plain"u8, []);
            file.Save(fresh);
            former = fresh;
        }
    }

    private static void Opens(Disk disk, Said said)
    {
        var keys = new KeyFile("/d/secret.key", disk).ReadOrCreate();
        if (said.Records is { } box)
            Assert.Contains(keys, key => Opens(key, box));
    }

    private static bool Opens(ReadOnlyMemory<byte> key, byte[] box)
    {
        try
        {
            return Box.Open(key.Span, "data", box).AsSpan().SequenceEqual("plain"u8);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static readonly AppId[] Apps = [.. Enumerable.Range(0, 6).Select(_ => AppId.New())];

    private static void GivingUids(Disk disk, Said said)
    {
        var identities = new Identities("/d/uids.json", 1000, disk);
        foreach (var app in Apps)
            said.Uids[app] = identities.Of(app, SandboxUse.Run);
    }

    private static void SameUids(Disk disk, Said said)
    {
        var identities = new Identities("/d/uids.json", 1000, disk);
        foreach (var (app, uid) in said.Uids)
            Assert.Equal(uid, identities.Of(app, SandboxUse.Run));
        Assert.Distinct(Apps.Select(app => identities.Of(app, SandboxUse.Run)));
    }

    private static void NumberingLines(Disk disk, Said said)
    {
        for (var agent = 0; agent < 5; agent++)
            said.Number = NextLine(disk);
    }

    private static void HigherNumbers(Disk disk, Said said)
    {
        var next = NextLine(disk);
        Assert.True(next > said.Number, $"{next} after {said.Number}");
    }

    /// <summary>Of an agent that starts and has one line.</summary>
    private static long NextLine(Disk disk)
    {
        var log = new DynoLog("/d/lines", disk);
        log.Append(Apps[0], "web.1", default, "a line");
        var seen = 0L;
        using var first = new CancellationTokenSource();
        _ = log.ReadAsync(0, lines =>
        {
            seen = lines[0].Seq;
            first.Cancel();
            return ValueTask.CompletedTask;
        }, first.Token);
        return seen;
    }

    private static readonly Guid[] UploadIds = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid())];

    private void Receiving(Disk disk, Said said)
    {
        foreach (var upload in UploadIds)
        {
            Await(UploadsOn(disk).ReceiveAsync(upload, new MemoryStream(new byte[300_000]), CancellationToken.None));
            said.Uploaded.Add(upload);
        }
    }

    private void WholeUploads(Disk disk, Said said)
    {
        var uploads = UploadsOn(disk);
        Assert.All(said.Uploaded, upload => Assert.True(uploads.Exists(upload)));
        Assert.All(UploadIds.Where(uploads.Exists), upload => Assert.Equal(300_000, disk.Read(uploads.PathOf(upload))!.Length));
    }

    private Uploads UploadsOn(Disk disk) => new(Data, disk, null!, null!, TimeProvider.System, NullLogger<Uploads>.Instance);

    /// <summary>None of them throws, whatever is left; the server gives the set again.</summary>
    private void Serving(Disk disk, Said said)
    {
        foreach (var text in new[] { "[]", "[ ]", "[  ]" })
        {
            said.Begins(UploadedCertificates.DigestOf(Encoding.UTF8.GetBytes(text)));
            new UploadedCertificates(Data) { Disk = disk }.Replace(Encoding.UTF8.GetBytes(text));
            said.Done(UploadedCertificates.DigestOf(Encoding.UTF8.GetBytes(text)));
        }
    }

    private void AnyWholeSet(Disk disk, Said said)
    {
        var next = new UploadedCertificates(Data) { Disk = disk };
        next.Load();
        said.Sees(next.Digest is { Length: > 0 } digest ? digest : null);
        next.Replace("[   ]"u8.ToArray());
    }

    /// <summary>Its promise is whole or none: dynos end with the machine, and the server pushes again.</summary>
    private void Routing(Disk disk, Said said)
    {
        var saved = new SavedTable(Data) { Disk = disk, IsSyncedByItself = false, Say = _ => { } };
        for (var number = 1; number <= 3; number++)
        {
            saved.Save(new RouteTable(number, []));
            saved.Sync();
            said.Number = number;
        }
    }

    private void AnyWholeTable(Disk disk, Said said)
    {
        var saved = new SavedTable(Data) { Disk = disk, IsSyncedByItself = false, Say = _ => { } };
        Assert.InRange(saved.Load().Number, 0, 3);
        saved.Save(new RouteTable(9, []));
        Assert.Equal(9, saved.Load().Number);
    }

    /// <summary>The certificate that people trust.</summary>
    private string Authority(Disk disk)
    {
        var site = new Site { Port = 1, Domain = "localhost", PublicUrl = new Uri("http://localhost") };
        new Certificates(Data, site, new LiveTable(new DynoConnections()), uploaded: null, TimeProvider.System) { Disk = disk }.Open();
        return Encoding.ASCII.GetString(disk.Read(Data.CertificateAuthority)!);
    }

    /// <param name="deep">Cut the making good, too.</param>
    private void Cut(Action<Disk, Said> work, Action<Disk, Said> check, bool deep)
    {
        for (var cut = 0; ; cut++)
        {
            var (disk, said) = (new PowerCutDisk(cut), new Said());
            var isDone = Try(() => work(disk, said));
            foreach (var after in disk.AfterThePowerCut())
            {
                points++;
                check(after, said);
            }
            for (var again = 0; deep && disk.AfterThePowerCut(again).Aggregate(false, (wasCut, after) => CheckTwice(after, said, check) | wasCut); again++)
                continue;
            if (isDone)
                return;
        }
    }

    /// <summary>False when the making good came to its end before its cut.</summary>
    private bool CheckTwice(PowerCutDisk disk, Said said, Action<Disk, Said> check)
    {
        var between = said.Copy();
        if (Try(() => check(disk, between)))
            return false;
        foreach (var after in disk.AfterThePowerCut())
        {
            points++;
            check(after, said.Copy().WhileMadeGood());
        }
        return true;
    }

    private static bool Try(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (PowerCutException)
        {
            return false;
        }
    }

    private static void Await(Task done)
    {
        if (done.IsFaulted)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(done.Exception!.InnerException!);
        Assert.True(done.IsCompleted);
    }

    /// <summary>What the one whose power went had told others.</summary>
    private sealed class Said
    {
        private bool isMadeGood;

        public string? Sure { get; private set; }
        private string? Begun { get; set; }
        public byte[]? Records { get; set; }
        public long Number { get; set; }
        public Dictionary<AppId, uint> Uids { get; } = [];
        public HashSet<Guid> Uploaded { get; } = [];

        public void Begins(string what) => Begun = what;

        public void Done(string what) => (Sure, Begun) = (what, null);

        /// <summary>What was told, or what was on its way; after a cut of the making good, also what that wrote.</summary>
        public void Sees(string? found)
        {
            if (!isMadeGood)
                Assert.Contains(found, new[] { Sure, Begun });
            else if (Sure is not null)
                Assert.NotNull(found);
        }

        public Said WhileMadeGood()
        {
            isMadeGood = true;
            return this;
        }

        public Said Copy()
        {
            var copy = new Said { Sure = Sure, Begun = Begun, Records = Records, Number = Number };
            foreach (var (app, uid) in Uids)
                copy.Uids[app] = uid;
            copy.Uploaded.UnionWith(Uploaded);
            return copy;
        }
    }
}
