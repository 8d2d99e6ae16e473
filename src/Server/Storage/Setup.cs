namespace Sluice.Storage;

internal static class StorageSetup
{
    /// <summary>Records in PostgreSQL when <c>SLUICE_DATABASE_URL</c> is set, else in <c>DIR/sluice.db</c>; secrets sealed by <c>DIR/secret.key</c>.</summary>
    public static WebApplicationBuilder AddStorage(this WebApplicationBuilder builder)
    {
        var url = builder.Configuration["SLUICE_DATABASE_URL"];
        builder.Services.AddSingleton<Disk, RealDisk>();
        builder.Services.AddSingleton(s => Vault.OpenOrCreate(s.GetRequiredService<DataFolder>().SecretKey, s.GetRequiredService<Disk>()));
        builder.Services.AddSingleton(s =>
        {
            Db db = string.IsNullOrEmpty(url)
                ? SqliteDb.Open(s.GetRequiredService<DataFolder>().Database, s.GetRequiredService<TimeProvider>())
                : PostgresDb.Open(url, s.GetRequiredService<TimeProvider>());
            db.Term = s.GetService<ServerTerm>();   // taken now: who does not get the records has taken nothing over
            return db;
        });
        builder.Services.AddHostedService<StorageWatch>();
        builder.Services.AddSingleton<KeyRotation>().AddHostedService(s => s.GetRequiredService<KeyRotation>());
        return builder;
    }
}
