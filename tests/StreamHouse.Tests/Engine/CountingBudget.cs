using StreamHouse.Broker.Partitions;

namespace StreamHouse.Tests.Engine;

/// <summary>A budget that grants whatever is asked for, or nothing.</summary>
internal sealed class CountingBudget : IFetchBudget
{
    public bool IsFull { get; init; }

    public int Granted { get; private set; }

    public long Held { get; private set; }

    public ValueTask<int> ReserveAsync(int bytesMax, TimeSpan wait, CancellationToken ct)
    {
        Granted++;
        Held += IsFull ? 0 : bytesMax;
        return ValueTask.FromResult(IsFull ? 0 : bytesMax);
    }

    public void Release(long bytes) => Held -= bytes;
}
