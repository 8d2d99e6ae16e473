namespace Sluice.Storage;

internal static class StorageSetup
{
    /// <summary>Records in <c>DIR/sluice.db</c>; secrets sealed by <c>DIR/secret.key</c>.</summary>
    public static WebApplicationBuilder AddStorage(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Disk, RealDisk>();
        builder.Services.AddSingleton(s => Vault.OpenOrCreate(s.GetRequiredService<DataFolder>().SecretKey, s.GetRequiredService<Disk>()));
        builder.Services.AddSingleton<Db>(s => SqliteDb.Open(s.GetRequiredService<DataFolder>().Database, s.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
