using StreamHouse.Broker;

namespace StreamHouse.Server.Http.Problems;

/// <summary>Turns everything that goes wrong under the API's paths into a problem document, routing's own refusals included.</summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    /// <summary>Said wherever a body's type is refused, by routing or by an endpoint.</summary>
    public const string UnsupportedType =
        "Say what the body is with the header Content-Type: application/json; records may also be application/x-ndjson or application/octet-stream.";

    private const int ClientClosedRequest = 499;
    private static readonly PathString[] Prefixes = ["/v1", "/health", "/metrics", "/openapi"];

    public async Task InvokeAsync(HttpContext context)
    {
        if (!Array.Exists(Prefixes, p => context.Request.Path.StartsWithSegments(p, StringComparison.Ordinal)))
        {
            await next(context);
            return;
        }
        Problem? problem;
        try
        {
            await next(context);
            problem = OfStatus(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = ClientClosedRequest; // nobody reads it; it keeps access logs honest
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            problem = OfException(context, e);
        }
        if (problem is not null)
        {
            await problem.WriteAsync(context);
        }
    }

    private Problem OfException(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case BrokerException broker:
                if (HttpStatus.Of(broker.Code) >= StatusCodes.Status500InternalServerError)
                {
                    log.RequestFailed(context.Request.Method, context.Request.Path, broker.Code, exception);
                }
                return Problem.Of(context, broker.Code, broker.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } bad:
                return Problem.Of(context, bad.StatusCode, BrokerErrorCode.InvalidRequest, "The request body is larger than the server accepts.");
            case BadHttpRequestException bad:
                return Problem.Of(context, bad.StatusCode, BrokerErrorCode.InvalidRequest, bad.Message);
            default:
                log.RequestFailed(context.Request.Method, context.Request.Path, BrokerErrorCode.Internal, exception);
                return Problem.Of(context, BrokerErrorCode.Internal, "The server failed; its log says why.");
        }
    }

    private static Problem? OfStatus(HttpContext context)
    {
        if (context.Response.HasStarted || context.Response.ContentType is not null)
        {
            return null;
        }
        string path = context.Request.Path;
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound =>
                Problem.Of(context, 404, BrokerErrorCode.InvalidRequest, $"There is nothing at {path}; /openapi/v1.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed =>
                Problem.Of(context, 405, BrokerErrorCode.InvalidRequest, $"{context.Request.Method} is not possible at {path}."),
            StatusCodes.Status415UnsupportedMediaType =>
                Problem.Of(context, 415, BrokerErrorCode.InvalidRequest, UnsupportedType),
            _ => null,
        };
    }
}

/// <summary>Puts the middleware around everything the application maps.</summary>
internal sealed class ProblemStartupFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseMiddleware<ProblemMiddleware>();
        next(app);
    };
}
