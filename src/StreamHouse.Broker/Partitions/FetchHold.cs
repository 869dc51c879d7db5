using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// What one read with a budget holds while it gathers: whole buffers, also when it needs little of each. Only those count that no other answer
/// lies in, as for the budget. For one reader.
/// </summary>
/// <param name="bytesMax">What was set aside for it.</param>
internal sealed class FetchHold(int bytesMax)
{
    /// <summary>Bytes held, which the budget is charged with.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many more may be held: zero when only buffers that are held anyway may be read.</summary>
    public int Room => (int)Math.Clamp(bytesMax - Bytes, 0, bytesMax);

    /// <summary>There was more to read that would have fitted into the answer, but not into what was set aside.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Whether a buffer may be held too; remembers when not.</summary>
    public bool MayEnter(SharedBuffer buffer) => Room > 0 || buffer.IsInAnswer || Cut();

    /// <summary>Gathering stops for want of room.</summary>
    /// <returns>False.</returns>
    public bool Cut()
    {
        IsCut = true;
        return false;
    }

    /// <summary>Counts a buffer.</summary>
    public void Enter(SharedBuffer buffer) => Bytes += buffer.EnterAnswer();

    /// <summary>Takes bytes off that are held no more.</summary>
    public void Leave(long bytes) => Bytes -= bytes;
}
