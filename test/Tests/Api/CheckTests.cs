using System.Text.Json;

namespace Sluice.Tests.Api;

/// <summary>The two checks of answers find what is wrong: else green would mean nothing.</summary>
public sealed class CheckTests
{
    private const string Schema = """
        { "definitions": { "thing": {
            "definitions": { "id": { "type": ["string"], "format": "uuid" } },
            "properties": {
                "id": { "$ref": "#/definitions/thing/definitions/id" }, "status": { "enum": ["up"], "type": ["string"] }, "size": { "type": ["integer", "null"] },
                "name": { "type": ["string"], "pattern": "^[a-z]+$" }, "tags": { "type": ["array"], "items": { "type": ["string"] } },
                "either": { "anyOf": [ { "type": ["boolean"] }, { "type": ["integer"] } ] } },
            "strictProperties": true, "type": ["object"],
            "links": [ { "href": "/things/{(%23%2Fdefinitions%2Fthing)}", "method": "GET", "rel": "self" }, { "href": "/things", "method": "GET", "rel": "instances" } ] } } }
        """;

    private const string Good = """{"id":"01234567-89ab-cdef-0123-456789abcdef","status":"up","size":null,"name":"web","tags":["a"],"either":true}""";

    [Theory]
    [InlineData("", "")]
    [InlineData("\"up\"", "\"down\""), InlineData("null", "\"big\""), InlineData("null", "1.5"), InlineData("\"web\"", "\"Web\""), InlineData("[\"a\"]", "[1]")]
    [InlineData("true", "\"text\""), InlineData("0123-456789abcdef", "oh"), InlineData("\"size\":null,", ""), InlineData("[\"a\"]", "{}")]
    public void The_published_schema_is_taken_at_its_word(string old, string changed)
    {
        var schema = new HerokuSchema(Parse(Schema));
        var (thing, isList) = schema.Answer("GET", "/things/{thing}")!.Value;
        Assert.False(isList);
        Assert.True(schema.Answer("GET", "/things")!.Value.IsList);
        Assert.Null(schema.Answer("POST", "/things"));
        Assert.Equal(old.Length == 0, !schema.Faults(Parse(old.Length == 0 ? Good : Good.Replace(old, changed)), thing, "thing").Any());
    }

    [Theory]
    [InlineData("""{"id":"01234567-89ab-cdef-0123-456789abcdef","name":"shop"}""", true)]
    [InlineData("""{"id":"01234567-89ab-cdef-0123-456789abcdef"}""", false)]
    [InlineData("""{"id":"01234567-89AB-cdef-0123-456789abcdef","name":"shop"}""", false)]
    [InlineData("""{"id":"01234567-89ab-cdef-0123-456789abcdef","name":null}""", false)]
    [InlineData("""{"id":"01234567-89ab-cdef-0123-456789abcdef","name":"shop","more":1}""", false)]
    [InlineData("[]", false)]
    public void Our_contract_is_taken_at_its_word(string json, bool isGood) =>
        Assert.Equal(isGood, !Contract.Read().Faults(Parse(json), "@named", "named").Any());

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
