using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;

namespace StreamHouse.Client.DependencyInjection;

/// <summary>Registers StreamHouse with a service collection.</summary>
public static class StreamHouseServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="StreamHouseClient"/>, its <see cref="Admin"/> and one <see cref="Producer"/> for the whole process, and a <see cref="Consumer"/> for
    /// everyone who asks for one. The container disposes of them, the producer before the client.
    /// </summary>
    /// <param name="services">Where to add them.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddStreamHouse(this IServiceCollection services, Action<StreamHouseClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSingleton(provider =>
        {
            StreamHouseClientOptions options = new();
            configure(options);
            return new StreamHouseClient(options, provider.GetService<ILoggerFactory>());
        });
        services.AddSingleton(static provider => provider.GetRequiredService<StreamHouseClient>().Admin);
        services.AddSingleton(static provider => provider.GetRequiredService<StreamHouseClient>().CreateProducer());
        services.AddTransient(static provider => provider.GetRequiredService<StreamHouseClient>().CreateConsumer());
        return services;
    }
}
