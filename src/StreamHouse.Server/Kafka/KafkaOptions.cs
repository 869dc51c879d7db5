using System.ComponentModel.DataAnnotations;
using StreamHouse.Server.Kafka.Listeners;

namespace StreamHouse.Server.Kafka;

/// <summary>Limits of the Kafka listeners, and the addresses clients are told.</summary>
internal sealed record KafkaOptions : IValidatableObject
{
    /// <summary>
    /// Further listeners beside <c>internal</c> (at <c>Bind</c> and <c>KafkaPort</c>), as <c>name://address:port</c> with commas between.
    /// </summary>
    public string Listeners { get; init; } = "";

    /// <summary>
    /// The address clients are told, by the listener they came through, as <c>name://host:port</c> with commas between; the port may be left
    /// out. A listener that is not named tells each client the address it has connected to.
    /// </summary>
    public string AdvertisedListeners { get; init; } = "";

    /// <summary>PEM file with the certificate of TLS listeners, the chain after it; empty for no TLS.</summary>
    public string TlsCertificatePath { get; init; } = "";

    /// <summary>PEM file with the certificate's private key; empty when the certificate's file holds it.</summary>
    public string TlsKeyPath { get; init; } = "";

    /// <summary>Names of the listeners that speak TLS, with commas between, or <c>*</c> for all. Without a certificate none does.</summary>
    public string TlsListeners { get; init; } = "*";

    /// <summary>Longest time a TLS handshake may take.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan TlsHandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Open connections of all Kafka listeners, above which new ones are closed at once.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsMax { get; init; } = 20_000;

    /// <summary>Open connections from one address, above which new ones from it are closed at once.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsPerAddressMax { get; init; } = 20_000;

    /// <summary>Time without a request in progress or arriving after which a connection is closed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Longest time from a request's first byte to its last, and for a client to take the next bytes of an answer; then the connection is
    /// closed. While others wait for memory, a request slower than 64 KiB a second has a tenth of it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest request, in bytes; a connection that announces a larger one is closed.</summary>
    [Range(64 * 1024, (64 << 20) - 4)]
    public int RequestBytesMax { get; init; } = 33 << 20;

    /// <summary>
    /// Bytes of all requests that are in progress or arriving. Above it connections are not read from, except for one request at a time.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long RequestsBytesMax { get; init; } = 64L << 20;

    /// <summary>Requests of one connection that may be in progress; more are not read.</summary>
    [Range(1, 100_000)]
    public int ConnectionRequestsMax { get; init; } = 256;

    /// <summary>Bytes of one connection's requests that may be in progress; more are not read. One request always may.</summary>
    [Range(64 * 1024, 1 << 30)]
    public int ConnectionBytesMax { get; init; } = 16 << 20;

    /// <summary>Bytes of records in a fetch response at most, whatever the client asks for; its first batch may be larger.</summary>
    [Range(1024, 1 << 30)]
    public int FetchBytesMax { get; init; } = 55 << 20;

    /// <summary>
    /// Memory of the records in all fetch responses that are read or not yet taken by clients, in bytes: whole buffers and blocks, each once. Each
    /// fetch may go over its part by the buffers of one batch, or by two blocks. The nearer the limit, the less a fetch reads; at it fetches wait
    /// for room, and one that waits for longer than its client does is answered without records.
    /// </summary>
    [Range(typeof(long), "1048576", "68719476736")]
    public long FetchesBytesMax { get; init; } = 128L << 20;

    /// <summary>Longest wait of a fetch for data, whatever the client asks for.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan FetchWaitMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Fetch sessions kept. When all are in use a new client does without one; 0 keeps none.</summary>
    [Range(0, 1_000_000)]
    public int FetchSessionsMax { get; init; } = 10_000;

    /// <summary>Partitions in all fetch sessions together; each costs about 100 bytes.</summary>
    [Range(0, 100_000_000)]
    public int FetchSessionPartitionsMax { get; init; } = 1_000_000;

    /// <summary>Time without a fetch after which a session may be replaced by another's.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan FetchSessionIdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether a metadata request that allows it creates the topics it names.</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>Number by which clients know this server.</summary>
    [Range(0, int.MaxValue)]
    public int NodeId { get; init; } = 1;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ListenerAddress.TryParseList(Listeners, portRequired: true, out _) is { } problem)
        {
            yield return new ValidationResult(problem, [nameof(Listeners)]);
        }
        if (ListenerAddress.TryParseList(AdvertisedListeners, portRequired: false, out _) is { } other)
        {
            yield return new ValidationResult(other, [nameof(AdvertisedListeners)]);
        }
    }
}
