using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

public sealed class StorageSetupTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task The_database_is_the_one_that_was_named(string kind)
    {
        await using var test = await TestDb.OpenAsync("postgres");
        await using var app = Build(kind == "postgres" ? test.Place : null);
        Assert.Equal(kind == "postgres" ? typeof(PostgresDb) : typeof(SqliteDb), app.Services.GetRequiredService<Db>().GetType());
        Assert.Equal("x"u8, app.Services.GetRequiredService<Vault>().Open("", app.Services.GetRequiredService<Vault>().Seal("", "x"u8)));
        Assert.Equal(kind == "sqlite", File.Exists(folder.At("sluice.db")));
    }

    [Fact]
    public async Task A_server_whose_disk_failed_under_the_records_ends()
    {
        await using var app = Build(url: null);
        var ended = new TaskCompletionSource();
        app.Lifetime.ApplicationStopping.Register(ended.SetResult);
        using var watch = new StorageWatch(new BrokenDb(), app.Lifetime, app.Services.GetRequiredService<ILogger<StorageWatch>>());
        await watch.StartAsync(CancellationToken.None);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, Environment.ExitCode);
        Environment.ExitCode = 0;
    }

    public void Dispose() => folder.Dispose();

    private WebApplication Build(string? url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["SLUICE_DATABASE_URL"] = url;
        builder.Services.AddSingleton(new DataFolder(folder.Path)).AddSingleton(TimeProvider.System);
        return builder.AddStorage().Build();
    }

    private sealed class BrokenDb : Db
    {
        public override Task<Exception> Broken { get; } = Task.FromResult<Exception>(new StorageBrokenException("sluice.db", new IOException("EIO")));

        public override Task<T?> FindAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct)
            where T : default => throw new NotSupportedException();

        public override Task<System.Collections.Immutable.ImmutableArray<T>> ListAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct) => throw new NotSupportedException();

        protected override Task<T> CommitAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct) => throw new NotSupportedException();

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
