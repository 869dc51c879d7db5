using System.Runtime.InteropServices;
using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Records;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.V1;
using Record = StreamHouse.Rpc.V1.Record;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>Encodes the loose records of a request into one batch. For one caller at a time.</summary>
internal sealed class RecordEncoder(BufferPool buffers, TimeProvider clock) : IDisposable
{
    private readonly RecordBatchBuilder _builder = new();
    private readonly List<RecordHeader> _headers = [];

    /// <summary>Encodes a request's records.</summary>
    /// <returns>The batch; the caller owns one reference to its buffer.</returns>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidRequest"/> or <see cref="BrokerErrorCode.BatchTooLarge"/>.</exception>
    public BufferSlice Encode(IncomingProduce request)
    {
        if (request.Records is not { Records.Count: > 0 } list)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "The request holds neither records nor an encoded batch.");
        }
        RecordBatchOptions options = OptionsOf(request);
        _builder.Reset();
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (Record record in list.Records)
        {
            Add(record, record.TimestampMs == 0 ? now : record.TimestampMs);
        }
        Memory<byte> batch = _builder.Build(options);
        SharedBuffer buffer = buffers.Rent(batch.Length);
        batch.Span.CopyTo(buffer.Span);
        return new BufferSlice(buffer, 0, batch.Length);
    }

    public void Dispose() => _builder.Dispose();

    private static RecordBatchOptions OptionsOf(IncomingProduce request)
    {
        if (request.ProducerId is not { } producerId)
        {
            return RecordBatchOptions.Default;
        }
        if (producerId < 0 || request.ProducerEpoch is < 0 or > short.MaxValue || request.BaseSequence < 0)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidRequest, "producer_id, producer_epoch (at most 32767) and base_sequence must not be negative.");
        }
        return new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = (short)request.ProducerEpoch, BaseSequence = request.BaseSequence };
    }

    private void Add(Record record, long timestampMs)
    {
        if (timestampMs < 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"timestamp_ms is {timestampMs}; it must not be negative.");
        }
        _headers.Clear();
        foreach (Header header in record.Headers)
        {
            _headers.Add(new RecordHeader(header.Key, header.HasValue ? header.Value.Memory : null));
        }
        OptionalBytes key = record.HasKey ? record.Key.Span : OptionalBytes.Null;
        OptionalBytes value = record.HasValue ? record.Value.Span : OptionalBytes.Null;
        if (!_builder.TryAdd(timestampMs, key, value, CollectionsMarshal.AsSpan(_headers), BufferPool.RentBytesMax))
        {
            throw new BrokerException(BrokerErrorCode.BatchTooLarge, $"The records take more than {BufferPool.RentBytesMax} bytes as one batch.");
        }
    }
}
