namespace Sluice.Storage;

/// <summary>
/// A column of sealed values, said by the folder that owns it, so that a new data key reaches them all. The table has an <c>id</c> as its key.
/// </summary>
/// <param name="Purpose">What a row's value was sealed for; may read any column of the table.</param>
public sealed record SealedColumn(string Table, string Column, Func<Row, string> Purpose);
