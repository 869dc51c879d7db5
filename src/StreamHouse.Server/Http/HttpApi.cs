using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Server.Http.Consume;
using StreamHouse.Server.Http.Events;
using StreamHouse.Server.Http.Groups;
using StreamHouse.Server.Http.Offsets;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Server.Http.Produce;
using StreamHouse.Server.Http.Requests;
using StreamHouse.Server.Http.Segments;
using StreamHouse.Server.Http.Status;
using StreamHouse.Server.Http.Topics;
using StreamHouse.Server.Metrics;

namespace StreamHouse.Server.Http;

/// <summary>The HTTP API. Whoever hosts it registers an <see cref="StreamHouse.Broker.IBroker"/> and <see cref="BrokerMetrics"/> beside it.</summary>
internal static class HttpApi
{
    /// <summary>Registers what the API needs.</summary>
    public static IServiceCollection AddHttpApi(this IServiceCollection services, HttpApiOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<MetricsCollector>();
        services.AddSingleton<ReadinessProbe>();
        services.AddSingleton<RequestBodies>();
        services.AddSingleton<RecordPlacement>();
        services.AddSingleton<ProduceEndpoint>();
        services.AddSingleton<ConsumeEndpoint>();
        services.AddSingleton<EventStreams>();
        services.AddSingleton<EventsEndpoint>();
        services.AddSingleton<IStartupFilter, ProblemStartupFilter>();

        // A parameter that cannot be read becomes an exception, and so a problem document, rather than a bare 400.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, HttpJson.Default);
            json.SerializerOptions.NumberHandling = HttpJson.Default.Options.NumberHandling;
        });
        services.AddOpenApi("v1", o => o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "StreamHouse";
            document.Info.Description = "Durable streams over HTTP. Errors are problem documents (RFC 9457).";
            document.Info.Version = "v1";
            return Task.CompletedTask;
        }));
        return services;
    }

    /// <summary>Maps the API's routes. Metrics count from this moment on at the latest.</summary>
    public static void MapHttpApi(this IEndpointRouteBuilder endpoints)
    {
        endpoints.ServiceProvider.GetRequiredService<MetricsCollector>();
        HttpApiOptions options = endpoints.ServiceProvider.GetRequiredService<HttpApiOptions>();
        RouteGroupBuilder root = endpoints.MapGroup("").AddEndpointFilterFactory(KnownParameters.Require)
            .WithMetadata(new BodyLimit(options.BodyBytesMax))
            .WithMetadata(ProblemFor(400), ProblemFor(500));
        root.MapHealth();
        RouteGroupBuilder api = root.MapGroup("/v1").WithMetadata(ProblemFor(404), ProblemFor(429), ProblemFor(503));
        api.MapTopics();
        ProduceEndpoint.Map(api);
        ConsumeEndpoint.Map(api);
        EventsEndpoint.Map(api);
        api.MapOffsets();
        api.MapGroups();
        api.MapSegments();
        api.MapStatus();
        endpoints.MapOpenApi("/openapi/{documentName}.json");
    }

    private static ProducesResponseTypeMetadata ProblemFor(int status) => new(status, typeof(Problem), [Problem.ContentType]);

    /// <summary>Has Kestrel refuse larger bodies without reading them.</summary>
    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}
