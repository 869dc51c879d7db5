using StreamHouse.Broker.Async;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Producers;

/// <summary>Gives out producer ids from blocks taken from the metadata store; what is left of a block at a stop is never used.</summary>
internal sealed class ProducerIds(IProducerIdStore store)
{
    private const int BlockSize = 1000;

    private readonly AsyncGate _oneAtATime = new(1);
    private long _next;
    private long _end;

    /// <summary>An id never given out before.</summary>
    public async Task<long> NextAsync(CancellationToken ct)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            if (_next == _end)
            {
                _next = await store.AllocateProducerIdsAsync(BlockSize, ct);
                _end = _next + BlockSize;
            }
            return _next++;
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }
}
