using StreamHouse.Broker.Buffers;
using StreamHouse.Kafka;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>A request whose header has been read.</summary>
/// <param name="Bytes">All of it, header included. Whoever needs it after <see cref="KafkaApi.Begin"/> has returned retains its buffer.</param>
/// <param name="Header">The header.</param>
/// <param name="BodyAt">Where the body begins.</param>
/// <param name="Client">Who sent it.</param>
/// <param name="Arrived">When, by the clock's timestamp.</param>
internal readonly record struct RequestFrame(BufferSlice Bytes, RequestHeader Header, int BodyAt, KafkaClient Client, long Arrived)
{
    /// <summary>The request beside its body.</summary>
    public KafkaCall Call => new(Client, Header.ApiVersion, Header.ClientId);

    /// <summary>The body.</summary>
    public ReadOnlySpan<byte> Body => Bytes.Span[BodyAt..];
}

/// <summary>Reads the requests of one API and begins them. Most are an <see cref="IKafkaHandler{TRequest, TResponse}"/> behind a generated codec.</summary>
internal abstract class KafkaApi
{
    /// <summary>Longer requests are never tried by <see cref="TryBeginShort"/>.</summary>
    public const int ShortBytesMax = 8 * 1024;

    /// <summary>Begins a request; see <see cref="IKafkaHandler{TRequest, TResponse}.HandleAsync"/> for the order.</summary>
    /// <exception cref="KafkaFormatException">The body is not a request: the connection is closed.</exception>
    public abstract PendingReply Begin(in RequestFrame frame);

    /// <summary>Begins a request if that takes some microseconds at most, whatever it holds: an event loop then need not wake another thread for it.</summary>
    /// <returns>Null when it may take longer: nothing has happened then.</returns>
    /// <exception cref="KafkaFormatException">The body is not a request: the connection is closed.</exception>
    public virtual PendingReply? TryBeginShort(in RequestFrame frame) => null;
}
