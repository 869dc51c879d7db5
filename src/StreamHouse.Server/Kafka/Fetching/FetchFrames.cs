using System.Collections.Concurrent;
using StreamHouse.Kafka.Fetch;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>Frames of fetch responses, used again: each keeps a small buffer while it waits.</summary>
internal sealed class FetchFrames
{
    private const int KeptMax = 64;

    private readonly ConcurrentBag<FetchResponseFrame> _idle = [];

    /// <summary>Takes one.</summary>
    public FetchResponseFrame Rent() => _idle.TryTake(out FetchResponseFrame? frame) ? frame : new FetchResponseFrame();

    /// <summary>Gives one back.</summary>
    public void Return(FetchResponseFrame frame)
    {
        if (_idle.Count < KeptMax)
        {
            _idle.Add(frame);
        }
        else
        {
            frame.Dispose();
        }
    }
}
