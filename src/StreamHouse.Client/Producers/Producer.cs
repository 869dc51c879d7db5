using Microsoft.Extensions.Logging;
using StreamHouse.Client.Transport;
using StreamHouse.Records;

namespace StreamHouse.Client.Producers;

/// <summary>
/// Writes records. Safe for concurrent use; one producer serves many topics. Records of one partition are appended in the order of the calls, once
/// each however often they had to be sent (see <see cref="ProducerOptions.Idempotent"/>). Keys go to the partitions where Kafka's clients put
/// them; records without a key stay with one partition batch by batch.
/// </summary>
public sealed class Producer : IAsyncDisposable
{
    private readonly ProducerCore _core;
    private readonly Lock _gate = new();

    // Copied when a topic is added, so that it is read without a lock; enumerated in the order topics came.
    private volatile Dictionary<string, TopicProducer> _topics = new(StringComparer.Ordinal);
    private TopicProducer? _lastTopic;
    private volatile bool _isClosed;

    internal Producer(IClientTransport transport, ProducerOptions options, TimeProvider clock, Random random, ILogger log)
    {
        options.Validate();
        _core = new ProducerCore(transport, options, clock, random, log);
    }

    /// <summary>Bytes of records that wait for acknowledgement.</summary>
    public long BufferedBytes => _core.Budget.UsedBytes;

    /// <summary>
    /// Writes a record and completes when it is acknowledged, or has failed for good. Key, value and headers are copied before this returns.
    /// </summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="key">The key; <see langword="default"/> for none.</param>
    /// <param name="value">The value; <see langword="default"/> for null, a tombstone on a compacted topic.</param>
    /// <param name="headers">Headers in the order to keep.</param>
    /// <param name="timestamp">When the record happened; null means now. Kept to the millisecond.</param>
    /// <param name="partition">The partition; null lets the key decide.</param>
    /// <param name="ct">
    /// Withdraws the record while it waits for room or its topic; afterwards it ends only the wait for the acknowledgement.
    /// </param>
    /// <returns>Where the record is. Await it once only.</returns>
    /// <exception cref="StreamHouseException">The record was not acknowledged; the code says why.</exception>
    /// <exception cref="ObjectDisposedException">The producer is closed.</exception>
    public ValueTask<RecordMetadata> SendAsync(
        string topic,
        OptionalBytes key,
        OptionalBytes value,
        ReadOnlySpan<RecordHeader> headers = default,
        DateTimeOffset? timestamp = null,
        int? partition = null,
        CancellationToken ct = default)
    {
        TopicProducer target = Topic(topic);
        if (ct.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<RecordMetadata>(ct);
        }
        RecordCompletion completion = _core.Completions.Rent();
        NewRecord record = NewRecord(key, value, headers, timestamp, completion);
        ValueTask<RecordMetadata> acknowledged = completion.AsTask(ct);
        return target.TryAppend(record, partition)
            ? acknowledged
            : WaitAsync(target.Enqueue(record, partition, ct), acknowledged);
    }

    /// <summary>
    /// Writes a record and completes when the producer has taken it, which is at once unless the buffer is full. For speed: what became of the record is
    /// told by <see cref="ProducerOptions.OnDelivery"/>, batch by batch, and failures also by the next <see cref="FlushAsync"/>. Parameters as in
    /// <see cref="SendAsync"/>.
    /// </summary>
    /// <exception cref="StreamHouseException">The record was not taken; the code says why.</exception>
    /// <exception cref="ObjectDisposedException">The producer is closed.</exception>
    public ValueTask EnqueueAsync(
        string topic,
        OptionalBytes key,
        OptionalBytes value,
        ReadOnlySpan<RecordHeader> headers = default,
        DateTimeOffset? timestamp = null,
        int? partition = null,
        CancellationToken ct = default)
    {
        TopicProducer target = Topic(topic);
        if (ct.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(ct);
        }
        NewRecord record = NewRecord(key, value, headers, timestamp, completion: null);
        return target.TryAppend(record, partition) ? default : new ValueTask(target.Enqueue(record, partition, ct).WaitAsync());
    }

    /// <summary>
    /// Sends what is buffered without lingering, and completes when every record accepted before the call has been acknowledged or has failed.
    /// </summary>
    /// <exception cref="StreamHouseException">A record of <see cref="EnqueueAsync"/> has failed since the last call: the first failure.</exception>
    public async Task FlushAsync(CancellationToken ct = default)
    {
        await Waits.UntilAsync(FlushAllAsync(), ct);
        if (_core.TakeFailure() is { } failure)
        {
            throw new StreamHouseException(
                failure.Code, $"Records were not delivered: {failure.Message}", failure.IsRetriable, failure.IsOutcomeUnknown, failure)
            {
                Topic = failure.Topic,
                Partition = failure.Partition,
            };
        }
    }

    /// <summary>
    /// Closes the producer once every record it has taken is acknowledged or has failed, which <see cref="ProducerOptions.DeliveryTimeout"/> bounds. It never
    /// throws: flush first to learn of failures.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isClosed)
        {
            return;
        }
        _isClosed = true;
        await FlushAllAsync();
        _core.Close();
        _core.Dispose();
    }

    private static async ValueTask<RecordMetadata> WaitAsync(PendingRecord pending, ValueTask<RecordMetadata> acknowledged)
    {
        try
        {
            await pending.WaitAsync();
        }
        catch
        {
            pending.Completion?.Abandon();
            throw;
        }
        return await acknowledged;
    }

    private async Task FlushAllAsync()
    {
        // Those in line may be waiting for room that lingering batches take up: send these first.
        List<Task> outstanding = [];
        Dictionary<string, TopicProducer> topics = _topics;
        foreach (TopicProducer topic in topics.Values)
        {
            topic.Flush(outstanding);
        }
        foreach (TopicProducer topic in topics.Values)
        {
            try
            {
                await topic.LineAsync();
            }
            catch (Exception e) when (e is StreamHouseException or OperationCanceledException)
            {
                // Its sender is told.
            }
            topic.Flush(outstanding);
        }
        foreach (Task ended in outstanding)
        {
            await ended;
        }
    }

    private TopicProducer Topic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_lastTopic is { } last && (ReferenceEquals(last.Name, topic) || last.Name == topic))
        {
            return last;
        }
        if (!_topics.TryGetValue(topic, out TopicProducer? found))
        {
            found = AddTopic(topic);
        }
        _lastTopic = found;
        return found;
    }

    private TopicProducer AddTopic(string topic)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(topic, out TopicProducer? found))
            {
                found = new TopicProducer(_core, topic);
                _topics = new Dictionary<string, TopicProducer>(_topics, StringComparer.Ordinal) { [topic] = found };
            }
            return found;
        }
    }

    private NewRecord NewRecord(
        OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers, DateTimeOffset? timestamp, RecordCompletion? completion) => new()
        {
            TimestampMs = (timestamp ?? _core.Clock.GetUtcNow()).ToUnixTimeMilliseconds(),
            Key = key,
            Value = value,
            Headers = headers,
            Completion = completion,
            ChargedBytes = Producers.NewRecord.Charge(key, value, headers),
        };
}
