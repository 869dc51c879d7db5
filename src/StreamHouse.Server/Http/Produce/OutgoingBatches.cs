using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;

namespace StreamHouse.Server.Http.Produce;

/// <summary>The record batches of one request: one for each partition, or several where the topic's largest batch would be exceeded.</summary>
internal sealed class OutgoingBatches(TopicDescription topic) : IDisposable
{
    private readonly List<RecordBatchBuilder> _builders = [];
    private readonly List<int> _partitions = [];
    private readonly Dictionary<int, int> _open = [];
    private readonly List<(int Batch, int Index)> _places = [];

    /// <summary>Records added.</summary>
    public int Count => _places.Count;

    public void Add(in IncomingRecord record, int partition, long nowMs)
    {
        if (!_open.TryGetValue(partition, out int batch))
        {
            batch = Open(partition);
        }
        if (!TryAdd(batch, record, nowMs))
        {
            // A record that is too large alone goes in all the same: the refusal is the broker's to word.
            batch = _builders[batch].Count == 0 ? batch : Open(partition);
            if (!TryAdd(batch, record, nowMs))
            {
                _builders[batch].Add(record.TimestampMs ?? nowMs, record.Key, record.Value, record.Headers);
            }
        }
        _places.Add((batch, _builders[batch].Count - 1));
    }

    /// <summary>Appends every batch, synchronously and in order; the answers come in the same order.</summary>
    public Task<AppendResult>[] Append(IBroker broker, Acks acks)
    {
        var answers = new Task<AppendResult>[_builders.Count];
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = Append(broker, acks, _builders[i].Build(RecordBatchOptions.Default).Span, new TopicPartition(topic.Id, _partitions[i]));
        }
        return answers;
    }

    /// <summary>What became of each record, in the order they were added.</summary>
    public RecordOutcome[] Outcomes(AppendResult[] results)
    {
        var outcomes = new RecordOutcome[_places.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            (int batch, int index) = _places[i];
            outcomes[i] = RecordOutcome.Of(_partitions[batch], index, results[batch]);
        }
        return outcomes;
    }

    public void Dispose() => _builders.ForEach(b => b.Dispose());

    private int Open(int partition)
    {
        _builders.Add(new RecordBatchBuilder());
        _partitions.Add(partition);
        return _open[partition] = _builders.Count - 1;
    }

    private bool TryAdd(int batch, in IncomingRecord record, long nowMs) =>
        _builders[batch].TryAdd(record.TimestampMs ?? nowMs, record.Key, record.Value, record.Headers, topic.Config.MaxMessageBytes);

    private static Task<AppendResult> Append(IBroker broker, Acks acks, ReadOnlySpan<byte> batch, TopicPartition partition)
    {
        SharedBuffer buffer = broker.Buffers.Rent(batch.Length);
        try
        {
            batch.CopyTo(buffer.Span);
            return broker.Append(new AppendRequest(partition, new BufferSlice(buffer, 0, batch.Length), acks));
        }
        finally
        {
            buffer.Release(); // the broker keeps a reference of its own
        }
    }
}
