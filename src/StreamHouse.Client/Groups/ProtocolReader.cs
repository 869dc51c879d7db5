using System.Buffers.Binary;
using System.Text;

namespace StreamHouse.Client.Groups;

/// <summary>Reads fields of Kafka's consumer protocol. After a field that is not there every further one is empty, and <see cref="IsBroken"/> says so.</summary>
internal ref struct ProtocolReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public bool IsBroken { get; private set; }

    public short Int16() => Take(sizeof(short)) is { Length: > 0 } field ? BinaryPrimitives.ReadInt16BigEndian(field) : (short)0;

    public int Int32() => Take(sizeof(int)) is { Length: > 0 } field ? BinaryPrimitives.ReadInt32BigEndian(field) : 0;

    /// <summary>A number of items, each of which takes at least so many bytes.</summary>
    public int Count(int itemBytesMin)
    {
        int count = Int32();
        if (count >= 0 && count <= _left.Length / itemBytesMin)
        {
            return count;
        }
        IsBroken = true;
        return 0;
    }

    public string Text() => Encoding.UTF8.GetString(Take(Int16()));

    /// <summary>Bytes; null are none.</summary>
    public ReadOnlySpan<byte> Bytes() => Int32() is var length && length >= 0 ? Take(length) : [];

    public void Partitions(List<TopicPartition> into)
    {
        int topics = Count(sizeof(short) + sizeof(int));
        for (int i = 0; i < topics && !IsBroken; i++)
        {
            string topic = Text();
            int partitions = Count(sizeof(int));
            for (int p = 0; p < partitions; p++)
            {
                into.Add(new TopicPartition(topic, Int32()));
            }
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (IsBroken || length < 0 || length > _left.Length)
        {
            IsBroken = true;
            return [];
        }
        ReadOnlySpan<byte> field = _left[..length];
        _left = _left[length..];
        return field;
    }
}
