using System.Buffers;
using System.Buffers.Binary;

namespace StreamHouse.Records;

/// <summary>What a control record says.</summary>
public enum ControlRecordType
{
    /// <summary>The transaction of the batch's producer was aborted.</summary>
    Abort = 0,

    /// <summary>The transaction of the batch's producer was committed.</summary>
    Commit = 1,

    /// <summary>A type that this library does not know; readers skip it.</summary>
    Unknown = -1,
}

/// <summary>The marker in a control batch that ends a transaction.</summary>
/// <param name="Type">Commit or abort.</param>
/// <param name="CoordinatorEpoch">Epoch of the transaction coordinator that wrote it; -1 when the record has none.</param>
public readonly record struct ControlRecord(ControlRecordType Type, int CoordinatorEpoch)
{
    private const int KeyBytes = 4;
    private const int ValueBytes = 6;
    private const short Version = 0;

    /// <summary>Parses a record of a control batch: key = version i16, type i16; value = version i16, coordinator epoch i32.</summary>
    public static RecordBatchError TryParse(in Record record, out ControlRecord control)
    {
        control = default;
        ReadOnlySpan<byte> key = record.Key.Span;
        if (key.Length < KeyBytes || BinaryPrimitives.ReadInt16BigEndian(key) < 0)
        {
            return RecordBatchError.MalformedRecord;
        }

        short type = BinaryPrimitives.ReadInt16BigEndian(key[2..]);
        if (type is not (0 or 1))
        {
            control = new ControlRecord(ControlRecordType.Unknown, -1);
            return RecordBatchError.None;
        }

        ReadOnlySpan<byte> value = record.Value.Span;
        if (value.Length < ValueBytes || BinaryPrimitives.ReadInt16BigEndian(value) < 0)
        {
            return RecordBatchError.MalformedRecord;
        }

        control = new ControlRecord((ControlRecordType)type, BinaryPrimitives.ReadInt32BigEndian(value[2..]));
        return RecordBatchError.None;
    }

    /// <summary>Writes the control batch with this one marker, as a transaction's end leaves it in every partition it touched.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="timestamp">Unix milliseconds.</param>
    /// <param name="producerId">The producer whose transaction ends.</param>
    /// <param name="producerEpoch">Its epoch.</param>
    /// <returns>Bytes written.</returns>
    public int WriteBatch(IBufferWriter<byte> output, long timestamp, long producerId, short producerEpoch)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        BinaryPrimitives.WriteInt16BigEndian(key, Version);
        BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)Type);
        Span<byte> value = stackalloc byte[ValueBytes];
        BinaryPrimitives.WriteInt16BigEndian(value, Version);
        BinaryPrimitives.WriteInt32BigEndian(value[2..], CoordinatorEpoch);
        using var builder = new RecordBatchBuilder(initialBytes: 128);
        builder.Add(timestamp, (ReadOnlySpan<byte>)key, (ReadOnlySpan<byte>)value);
        var options = new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = producerEpoch, IsTransactional = true, IsControl = true };
        return builder.Build(options, output);
    }
}
