using System.Data.Common;

namespace Sluice.Storage;

/// <summary>One row of an answer, columns by name. The reverse of what <see cref="Sql"/> stores.</summary>
public readonly struct Row(DbDataReader reader)
{
    public string Text(string column) => reader.GetString(reader.GetOrdinal(column));

    public string? TextOrNull(string column) => IsNull(column) ? null : Text(column);

    public int Int(string column) => (int)Long(column);

    public int? IntOrNull(string column) => IsNull(column) ? null : Int(column);

    public long Long(string column) => Convert.ToInt64(reader.GetValue(reader.GetOrdinal(column)));

    public long? LongOrNull(string column) => IsNull(column) ? null : Long(column);

    public bool Flag(string column) => Long(column) != 0;

    public Guid Guid(string column) => System.Guid.Parse(Text(column));

    public Guid? GuidOrNull(string column) => IsNull(column) ? null : Guid(column);

    public DateTimeOffset Time(string column) => Sql.FromMicros(Long(column));

    public DateTimeOffset? TimeOrNull(string column) => IsNull(column) ? null : Time(column);

    public byte[] Bytes(string column) => (byte[])reader.GetValue(reader.GetOrdinal(column));

    public byte[]? BytesOrNull(string column) => IsNull(column) ? null : Bytes(column);

    private bool IsNull(string column) => reader.IsDBNull(reader.GetOrdinal(column));
}
