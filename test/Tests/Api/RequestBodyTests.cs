using System.Text;
using Sluice.Api;

namespace Sluice.Tests.Api;

public sealed class RequestBodyTests
{
    [Theory]
    [InlineData(""), InlineData("  \r\n"), InlineData("{}")]
    public void No_body_is_an_empty_object(string json)
    {
        var body = Parse(json);
        Assert.Null(body.Text("name"));
        Assert.Empty(body.Items("updates"));
        Assert.Empty(body.Map(nulls: true));
        body.RefuseFaults();
    }

    [Theory]
    [InlineData("{"), InlineData("nonsense"), InlineData("[]"), InlineData("\"text\""), InlineData("{\"a\":1}{}")]
    public void What_is_no_object_of_json_is_a_bad_request(string json) =>
        Assert.Equal(RefusalKind.BadRequest, Assert.Throws<RefusedException>(() => Parse(json)).Kind);

    [Fact]
    public void A_body_nested_too_deep_is_a_bad_request() =>
        Assert.Equal(RefusalKind.BadRequest, Assert.Throws<RefusedException>(() => Parse(string.Concat(Enumerable.Repeat("{\"a\":", 2000)))).Kind);

    [Theory]
    [InlineData("{\"name\":\"\\ud800\"}"), InlineData("{\"\\udc00\":1}"), InlineData("{\"source\":{\"app\":[\"\\ud800x\"]}}")]
    public void A_lone_surrogate_is_a_bad_request(string json) =>
        Assert.Equal(RefusalKind.BadRequest, Assert.Throws<RefusedException>(() => Parse(json)).Kind);

    [Fact]
    public void Bytes_that_are_no_utf8_are_a_bad_request() =>
        Assert.Equal(RefusalKind.BadRequest, Assert.Throws<RefusedException>(() => RequestBody.Parse("{\"name\":\"\u00ff\"}"u8.ToArray().Select(b => b == 0xc3 ? (byte)0xff : b).ToArray())).Kind);

    [Fact]
    public void All_wrong_types_are_told_together()
    {
        var body = Parse("""{"name": 1, "maintenance": "yes", "updates": [3, {"quantity": {}}], "app": [], "lines": "ten"}""");
        _ = body.Text("name");
        _ = body.Flag("maintenance");
        _ = body.Int("lines");
        _ = body.NeedReference("app");
        foreach (var update in body.Items("updates"))
            _ = (update.NeedText("type"), update.TextOrNumber("quantity"));
        Assert.Equal(
            "name must be a string. maintenance must be true or false. lines must be a whole number. app must be an id, a name, or an object with one of them. "
            + "updates must be a list of objects. updates[1].type is missing. updates[1].quantity must be a string or a number.",
            Assert.Throws<RefusedException>(body.RefuseFaults).Message);
    }

    [Fact]
    public void A_reference_is_a_text_or_an_object()
    {
        var body = Parse("""{"a": "shop", "b": {"id": "1"}, "c": {"name": "shop"}}""");
        Assert.Equal(("shop", "1", "shop", null), (body.Reference("a"), body.Reference("b"), body.Reference("c"), body.Reference("d")));
        body.RefuseFaults();
    }

    [Fact]
    public void A_map_takes_null_only_where_it_means_something()
    {
        Assert.Equal(["A", "B"], Parse("""{"A": "1", "B": null}""").Map(nulls: true).Keys);
        var body = Parse("""{"A": null, "B": 2}""");
        body.Map(nulls: false);
        Assert.Equal("A must be a string. B must be a string.", Assert.Throws<RefusedException>(body.RefuseFaults).Message);
    }

    private static RequestBody Parse(string json) => RequestBody.Parse(Encoding.UTF8.GetBytes(json));
}
