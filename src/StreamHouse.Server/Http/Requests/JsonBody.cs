using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamHouse.Broker;
using StreamHouse.Server.Http.Problems;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Reads the small JSON bodies of administrative requests.</summary>
internal static class JsonBody
{
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidRequest"/>, naming the field that is wrong, unknown or missing.</exception>
    /// <exception cref="BadHttpRequestException">The body is of another type (415) or too large (413).</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new BadHttpRequestException(ProblemMiddleware.UnsupportedType, StatusCodes.Status415UnsupportedMediaType);
        }
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
                ?? throw new BrokerException(BrokerErrorCode.InvalidRequest, "The body is null; an object was expected.");
        }
        catch (JsonException e)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The body is not as expected: {e.Message}", e);
        }
    }
}
