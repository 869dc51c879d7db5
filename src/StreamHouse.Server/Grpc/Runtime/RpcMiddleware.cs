using System.Collections.Frozen;
using System.Globalization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Serves requests of media type <c>application/grpc</c> and passes all others on.</summary>
internal sealed class RpcMiddleware(
    RequestDelegate next,
    FrozenDictionary<string, RpcEndpoint> endpoints,
    RpcErrorMapper mapper,
    RpcServerOptions options,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    ILogger<RpcMiddleware> log)
{
    public Task InvokeAsync(HttpContext http)
    {
        string? type = http.Request.ContentType;
        if (type is null || !type.StartsWith(GrpcHeaders.ContentType, StringComparison.OrdinalIgnoreCase))
        {
            return next(http);
        }
        return IsGrpc(http, type) ? ServeAsync(http) : Task.CompletedTask;
    }

    private static bool IsGrpc(HttpContext http, string type)
    {
        int? refused =
            !HttpProtocol.IsHttp2(http.Request.Protocol) ? StatusCodes.Status426UpgradeRequired
            : !HttpMethods.IsPost(http.Request.Method) ? StatusCodes.Status405MethodNotAllowed
            // gRPC-Web and JSON share the prefix and are not spoken here.
            : type.Length > GrpcHeaders.ContentType.Length && type[GrpcHeaders.ContentType.Length] is not (';' or '+' or ' ')
                || type.StartsWith(GrpcHeaders.ContentType + "+json", StringComparison.OrdinalIgnoreCase) ? StatusCodes.Status415UnsupportedMediaType
            : null;
        http.Response.StatusCode = refused ?? StatusCodes.Status200OK;
        return refused is null;
    }

    private async Task ServeAsync(HttpContext http)
    {
        http.Response.ContentType = GrpcHeaders.ContentType;
        RpcContext? context = null;
        RpcException? failure = null;
        try
        {
            LiftWebLimits(http);
            context = new RpcContext(http, clock, lifetime.ApplicationStopping);
            await Find(http)(http, context, options);
        }
        catch (OperationCanceledException e) when (e is ConnectionAbortedException || http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
            http.Abort();
            return;
        }
        catch (Exception e)
        {
            failure = Map(e, context, http.Request.Path);
        }
        finally
        {
            context?.Dispose();
        }
        WriteStatus(http.Response, failure);
    }

    private RpcEndpoint Find(HttpContext http)
    {
        string? encoding = http.Request.Headers[GrpcHeaders.Encoding];
        if (encoding is not null and not GrpcHeaders.Identity)
        {
            http.Response.Headers[GrpcHeaders.AcceptEncoding] = GrpcHeaders.Identity;
            throw new RpcException(GrpcStatusCode.Unimplemented, $"Compression '{encoding}' is not supported; send messages uncompressed.");
        }
        return endpoints.TryGetValue(http.Request.Path.Value ?? "", out RpcEndpoint? endpoint)
            ? endpoint
            : throw new RpcException(GrpcStatusCode.Unimplemented, $"There is no method '{http.Request.Path}'.");
    }

    /// <summary>Streams live as long as they like, idle or not: bodies have no size, and slowness is no attack.</summary>
    private static void LiftWebLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private RpcException Map(Exception exception, RpcContext? context, string path)
    {
        switch (exception)
        {
            case RpcException failure:
                return failure;
            case MalformedMessageException:
                return new RpcException(GrpcStatusCode.InvalidArgument, exception.Message);
            case OperationCanceledException when context is { DeadlineExceeded: true }:
                return new RpcException(GrpcStatusCode.DeadlineExceeded, "The deadline passed before the call was done.");
        }
        if (mapper(exception) is { } mapped)
        {
            return mapped;
        }
        if (exception is OperationCanceledException)
        {
            return new RpcException(GrpcStatusCode.Cancelled, "The call was cancelled.");
        }
        Log.HandlerFailed(log, path, exception);
        return new RpcException(GrpcStatusCode.Internal, "The server failed; its log says why.");
    }

    private static void WriteStatus(HttpResponse response, RpcException? failure)
    {
        if (failure is null && response.HasStarted)
        {
            response.AppendTrailer(GrpcHeaders.Status, "0");
            return;
        }
        string status = ((int)(failure?.Status ?? GrpcStatusCode.OK)).ToString(CultureInfo.InvariantCulture);
        Append(response, GrpcHeaders.Status, status);
        if (failure is null)
        {
            return;
        }
        Append(response, GrpcHeaders.Message, GrpcMessageText.Encode(failure.Message));
        foreach ((string name, string value) in failure.Trailers.Entries)
        {
            Append(response, name, value);
        }
    }

    /// <summary>A response without messages carries its status in the headers, any other in the trailers.</summary>
    private static void Append(HttpResponse response, string name, string value)
    {
        if (response.HasStarted)
        {
            response.AppendTrailer(name, value);
        }
        else
        {
            response.Headers.Append(name, value);
        }
    }
}

/// <summary>Adds the runtime to an application.</summary>
internal static class RpcMiddlewareExtensions
{
    /// <summary>Serves gRPC by these routes; requests of other media types go on.</summary>
    public static IApplicationBuilder UseRpc(
        this IApplicationBuilder app, RpcRoutes routes, RpcErrorMapper mapper, RpcServerOptions options, TimeProvider clock) =>
        app.UseMiddleware<RpcMiddleware>(routes.Freeze(), mapper, options, clock);
}
