using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Server.Http.Events;

/// <summary>How many event streams are open.</summary>
internal sealed class EventStreams(HttpApiOptions options, BrokerMetrics metrics)
{
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts a stream until the result is disposed.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.Overloaded"/>.</exception>
    public Place Enter()
    {
        if (Interlocked.Increment(ref _open) > options.EventStreamsMax)
        {
            Interlocked.Decrement(ref _open);
            throw new BrokerException(BrokerErrorCode.Overloaded, $"{options.EventStreamsMax} event streams are open, which is the limit; try again later.");
        }
        metrics.ConnectionOpened(FrontEnd.Http);
        return new Place(this);
    }

    private void Leave()
    {
        Interlocked.Decrement(ref _open);
        metrics.ConnectionClosed(FrontEnd.Http);
    }

    /// <summary>An open stream's place.</summary>
    internal readonly struct Place(EventStreams streams) : IDisposable
    {
        public void Dispose() => streams.Leave();
    }
}
