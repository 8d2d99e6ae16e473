using Microsoft.AspNetCore.Http;
using Sluice.Api;

namespace Sluice.Tests.Api;

public sealed class PageTests
{
    private static readonly Key<int>[] Keys = [new("version", n => n.ToString()), new("id", n => $"id-{n:00}")];

    [Theory]
    [InlineData("", "1 2 3 4 5 6 7 8 9 10 11 12", null)]
    [InlineData("version ..; max=15, order=desc", "12 11 10 9 8 7 6 5 4 3 2 1", null)]
    [InlineData("version ..; order=desc,max=1", "12", "version ]12..; order=desc,max=1")]
    [InlineData("version ..; order=desc", "12 11 10 9 8 7 6 5 4 3 2 1", null)]
    [InlineData("version ]12..; order=desc,max=2", "11 10", "version ]10..; order=desc,max=2")]
    [InlineData("version 10..", "10 11 12", null)]
    [InlineData("version 3..4", "3 4", null)]
    [InlineData("version ]3..11; max=3", "4 5 6", "version ]6..11; max=3")]
    [InlineData("id ..; max=1000;", "1 2 3 4 5 6 7 8 9 10 11 12", null)]
    [InlineData("id ]id-10..; max=1", "11", "id ]id-11..; max=1")]
    [InlineData("]10..; max=5", "11 12", null)]
    [InlineData("version 12..12", "12", null)]
    [InlineData("version 13..", "", null)]
    public void A_range_sorts_and_cuts(string range, string expected, string? next)
    {
        var (page, http) = Ask(range);
        Assert.Equal(expected, string.Join(' ', page));
        Assert.Equal(next ?? "", http.Response.Headers["Next-Range"].ToString());
        Assert.Equal(next is null ? 200 : 206, http.Response.StatusCode);
        Assert.Equal("version, id", http.Response.Headers.AcceptRanges);
    }

    [Theory]
    [InlineData("version"), InlineData("version ..; max=0"), InlineData("version ..; max=many"), InlineData("version ..; order=up"), InlineData("colour ..")]
    [InlineData("version ..; max=-1"), InlineData(";"), InlineData("bytes=0-99")]
    public void A_bad_range_is_a_bad_request(string range) =>
        Assert.Equal(RefusalKind.BadRequest, Assert.Throws<RefusedException>(() => Ask(range)).Kind);

    /// <summary>As much as a head may have: a pattern that tried every pair of dots took 40 s for it.</summary>
    [Fact]
    public async Task A_long_bad_range_is_refused_at_once() => await Task.Run(
        () => Assert.Throws<RefusedException>(() => Ask(new string('.', 30_000) + " x"))).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    [Fact]
    public void Following_next_range_gives_everything_once()
    {
        var all = new List<int>();
        var range = "version ..; order=desc,max=5";
        while (range.Length > 0)
        {
            var (page, http) = Ask(range);
            all.AddRange(page);
            range = http.Response.Headers["Next-Range"].ToString();
        }

        Assert.Equal(Enumerable.Range(1, 12).Reverse(), all);
    }

    private static (IReadOnlyList<int>, HttpContext) Ask(string range)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Range = range;
        return (Page.Of(http, [5, 3, 12, 1, 2, 4, 11, 6, 7, 10, 9, 8], n => n, Keys), http);
    }
}
