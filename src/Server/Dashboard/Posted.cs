using Microsoft.Extensions.Primitives;

namespace Sluice.Dashboard;

/// <summary>What a form sent; a field that is not there is empty. The door has read it already.</summary>
internal sealed class Posted(IFormCollection form)
{
    /// <summary>Called by the framework.</summary>
    public static async ValueTask<Posted?> BindAsync(HttpContext http) => new(await http.Request.ReadFormAsync(http.RequestAborted));

    /// <summary>Trimmed.</summary>
    public string this[string field] => form[field].ToString().Trim();

    /// <summary>As it was typed.</summary>
    public string Exactly(string field) => form[field].ToString();

    public bool Has(string field) => !StringValues.IsNullOrEmpty(form[field]);

    public IReadOnlyList<string> All(string field) => [.. form[field].OfType<string>().Where(value => value.Length > 0)];
}
