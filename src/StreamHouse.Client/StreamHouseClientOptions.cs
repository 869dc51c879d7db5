using System.Net.Security;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.Client.Retries;

namespace StreamHouse.Client;

/// <summary>How a <see cref="StreamHouseClient"/> connects, and the defaults of what it creates.</summary>
public sealed record StreamHouseClientOptions
{
    /// <summary>gRPC addresses of servers, <c>http</c> or <c>https</c> with host and port. When one cannot be reached the next is tried.</summary>
    public IReadOnlyList<string> Addresses { get; set; } = ["http://127.0.0.1:50051"];

    /// <summary>Connections to a server, over which streams are spread; 1 to 64. Default 2.</summary>
    public int ConnectionsPerAddress { get; set; } = 2;

    /// <summary>Longest time a connection attempt may take. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time an administrative request may take, its retries included. Default 15 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest message accepted from a server. Default 64 MiB.</summary>
    public int MessageBytesMax { get; set; } = 64 * 1024 * 1024;

    /// <summary>TLS settings for <c>https</c> addresses; null takes the platform's.</summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>Waits between the attempts of administrative requests.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Options of producers created without their own.</summary>
    public ProducerOptions Producer { get; set; } = new();

    /// <summary>Options of consumers created without their own.</summary>
    public ConsumerOptions Consumer { get; set; } = new();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Addresses.Count);
        foreach (string address in Addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException($"'{address}' is not an address such as http://127.0.0.1:50051.", nameof(Addresses));
            }
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectionsPerAddress, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ConnectionsPerAddress, 64);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CallTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MessageBytesMax, 1024);
        Retry.Validate();
        Producer.Validate();
        Consumer.Validate();
    }
}
