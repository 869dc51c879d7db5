using System.Text;
using StreamHouse.Broker;
using StreamHouse.Server.Http.Produce;

namespace StreamHouse.Server.Http.Problems;

/// <summary>An error answer (RFC 9457, <c>application/problem+json</c>).</summary>
/// <param name="Type">Identifies the kind of error; derived from <paramref name="Code"/>.</param>
/// <param name="Title">The kind of error in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What happened this time and what to do.</param>
/// <param name="Instance">The request's path.</param>
/// <param name="Code">Name of the broker's error code.</param>
/// <param name="Retriable">Whether the same request may succeed when sent again.</param>
/// <param name="Records">For a produce request of which some records failed: what became of each, in the request's order.</param>
internal sealed record Problem(
    string Type, string Title, int Status, string Detail, string Instance, string Code, bool Retriable,
    IReadOnlyList<RecordOutcome>? Records = null)
{
    public const string ContentType = "application/problem+json";

    public static Problem Of(HttpContext context, BrokerErrorCode code, string detail) => Of(context, HttpStatus.Of(code), code, detail);

    /// <summary>For what HTTP tells apart more finely than the broker does: 405, 413, 415.</summary>
    public static Problem Of(HttpContext context, int status, BrokerErrorCode code, string detail)
    {
        string words = Words(code.ToString());
        return new Problem(
            $"urn:streamhouse:problem:{words.ToLowerInvariant().Replace(' ', '-')}", words, status, detail, context.Request.Path.Value ?? "/",
            code.ToString(), code.IsRetriable());
    }

    /// <summary>Sends this as the answer.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status507InsufficientStorage)
        {
            context.Response.Headers.RetryAfter = "1";
        }
        return context.Response.WriteAsJsonAsync(this, HttpJson.Default.Problem, ContentType, context.RequestAborted);
    }

    // "UnknownTopic" becomes "Unknown topic".
    private static string Words(string name)
    {
        var words = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            bool starts = char.IsUpper(c) && words.Length > 0;
            words.Append(starts ? " " : "").Append(starts ? char.ToLowerInvariant(c) : c);
        }
        return words.ToString();
    }
}
