using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Server.Hosting;
using StreamHouse.Tests.Groups;

namespace StreamHouse.Tests.Http;

/// <summary>
/// A broker without storage, so that the HTTP API's own duties can be shown, errors that a healthy engine does not give included.
/// Fetches hand out batches in odd pieces, as the port allows.
/// </summary>
internal sealed class MemoryBroker : IBroker
{
    private readonly ConcurrentDictionary<string, TopicDescription> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TopicPartition, MemoryLog> _logs = new();

    public MemoryBroker() => Groups = new GroupCoordinator(
        new MemoryGroupStore(), FindTopic, new GroupOptions(), TimeProvider.System, new SystemRandomSource(), new BrokerMetrics(), NullLogger<GroupCoordinator>.Instance);

    /// <summary>When not None, every append is refused with it.</summary>
    public BrokerErrorCode AppendError { get; set; }

    /// <summary>Appends to this partition are refused with <see cref="BrokerErrorCode.NoSpace"/>.</summary>
    public int? FullPartition { get; set; }

    /// <summary>What the health check does.</summary>
    public Func<CancellationToken, Task> Health { get; set; } = _ => Task.CompletedTask;

    public int HealthChecks { get; private set; }

    /// <summary>Fetches that wait for data now.</summary>
    public int WaitingFetches;

    /// <summary>Largest number of bytes per piece of a fetch; pieces cut batches apart.</summary>
    public int PieceBytesMax { get; set; } = int.MaxValue;

    /// <summary>Levels of the reads and questions that came.</summary>
    public ConcurrentQueue<ReadConsistency> Asked { get; } = [];

    public BufferPool Buffers { get; } = new(1 << 20);

    /// <summary>The real coordinator.</summary>
    public IGroupCoordinator Groups { get; }

    public BrokerOptions Options { get; } = new();

    public BrokerStatus Status => new(Guid.Empty, Guid.Empty, _topics.Count, _logs.Count, 7, 100, 42, "memory");

    public Task<AppendResult> Append(in AppendRequest request)
    {
        if (AppendError != BrokerErrorCode.None)
        {
            return Task.FromResult(AppendResult.Refused(AppendError, "As the test wishes."));
        }
        if (request.Partition.Partition == FullPartition)
        {
            return Task.FromResult(AppendResult.Refused(BrokerErrorCode.NoSpace, "No space left."));
        }
        TopicDescription topic = FindTopic(request.Partition.Topic)!;
        RecordBatchError error = RecordBatchValidator.Validate(request.Batch.Span);
        if (error != RecordBatchError.None)
        {
            return Task.FromResult(AppendResult.Refused(BrokerErrorCode.CorruptBatch, error.ToString()));
        }
        if (request.Batch.Length > topic.Config.MaxMessageBytes)
        {
            return Task.FromResult(AppendResult.Refused(BrokerErrorCode.BatchTooLarge, "The batch is larger than max.message.bytes."));
        }
        int count = new RecordBatchView(request.Batch.Span).RecordCount;
        long offset = _logs[request.Partition].Append(request.Batch.Span);
        AckDurability durability = request.Acks == Acks.Leader ? AckDurability.Eventual : AckDurability.Local;
        return Task.FromResult(new AppendResult(BrokerErrorCode.None, null, offset, count, -1, 0, 0, durability));
    }

    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(request.WaitMax);
        Asked.Enqueue(request.Consistency);
        while (true)
        {
            Task changed = Task.WhenAny(request.Partitions.Select(p => _logs.TryGetValue(p.Partition, out MemoryLog? log) ? log.Changed : Task.CompletedTask));
            FetchResult result = new([.. request.Partitions.Select(Read)]);
            if (request.WaitMax == TimeSpan.Zero || timeout.IsCancellationRequested
                || result.Partitions.Any(p => p.Bytes > 0 || p.Error != BrokerErrorCode.None))
            {
                ct.ThrowIfCancellationRequested();
                return result;
            }
            Interlocked.Increment(ref WaitingFetches);
            try
            {
                await changed.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
            }
            finally
            {
                Interlocked.Decrement(ref WaitingFetches);
            }
        }
    }

    public Task<OffsetResult> FindOffsetAsync(TopicPartition partition, OffsetQuery query, long timestampMs, ReadConsistency consistency, CancellationToken ct)
    {
        Asked.Enqueue(consistency);
        return Task.FromResult(_logs[partition].Find(query, timestampMs));
    }

    public Task<long> NewProducerIdAsync(CancellationToken ct) => Task.FromResult(1L);

    public TopicDescription? FindTopic(string name) => _topics.GetValueOrDefault(name);

    public TopicDescription? FindTopic(TopicId id) => _topics.Values.FirstOrDefault(t => t.Id == id);

    public TopicDescription? FindDeletedTopic(string name) => null;

    public IReadOnlyList<TopicDescription> ListTopics() => [.. _topics.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];

    public void CheckNewTopic(string name, int? partitions)
    {
        if (partitions is < 1)
        {
            throw new BrokerException(BrokerErrorCode.InvalidPartitions, $"A topic needs at least one partition, not {partitions}.");
        }
        if (_topics.ContainsKey(name))
        {
            throw new BrokerException(BrokerErrorCode.TopicAlreadyExists, $"There is a topic '{name}' already.");
        }
    }

    public Task<TopicDescription> CreateTopicAsync(string name, int? partitions, Durability? durability, TopicConfig config, CancellationToken ct)
    {
        CheckNewTopic(name, partitions);
        var topic = new TopicDescription(
            new TopicId(Guid.NewGuid()), name, partitions ?? 1, durability ?? Durability.Local, config, DateTimeOffset.UnixEpoch);
        _topics[name] = topic;
        AddLogs(topic);
        return Task.FromResult(topic);
    }

    public Task DeleteTopicAsync(TopicId topic, CancellationToken ct)
    {
        TopicDescription deleted = FindTopic(topic)!;
        _topics.TryRemove(deleted.Name, out _);
        for (int p = 0; p < deleted.Partitions; p++)
        {
            _logs.TryRemove(new TopicPartition(topic, p), out MemoryLog? log);
            log?.Wake();
        }
        return Task.CompletedTask;
    }

    public Task<TopicDescription> SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct) =>
        Task.FromResult(Replace(FindTopic(topic)! with { Config = config }));

    public Task<TopicDescription> AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct)
    {
        TopicDescription found = FindTopic(topic)!;
        return partitions > found.Partitions
            ? Task.FromResult(Replace(found with { Partitions = partitions }))
            : throw new BrokerException(BrokerErrorCode.InvalidPartitions, $"The topic has {found.Partitions} partitions; it can only get more.");
    }

    public IReadOnlyList<PartitionStatus> DescribePartitions(TopicId topic) =>
    [
        .. Enumerable.Range(0, FindTopic(topic)!.Partitions).Select(p =>
        {
            MemoryLog log = _logs[new TopicPartition(topic, p)];
            return new PartitionStatus(new TopicPartition(topic, p), 0, log.Start, 0, log.End, log.End, 0, true);
        }),
    ];

    public PartitionStatus DescribePartition(TopicPartition partition) => DescribePartitions(partition.Topic)[partition.Partition];

    public Task<EpochEnd> FindEpochEndAsync(TopicPartition partition, long epoch, CancellationToken ct) =>
        Task.FromResult(new EpochEnd(0, _logs[partition].End));

    public Task<TopicDescription> ChangeTopicConfigAsync(TopicId topic, IReadOnlyList<TopicConfigChange> changes, CancellationToken ct) =>
        SetTopicConfigAsync(topic, FindTopic(topic)!.Config.Apply(changes), ct);

    public void CheckAddedPartitions(TopicId topic, int partitions)
    {
        if (partitions <= FindTopic(topic)!.Partitions)
        {
            throw new BrokerException(BrokerErrorCode.InvalidPartitions, "Only more.");
        }
    }

    public Task<IReadOnlyDictionary<TopicPartition, long>> ReadTieredBytesAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyDictionary<TopicPartition, long>>(new Dictionary<TopicPartition, long>());

    public Task<long> DeleteRecordsAsync(TopicPartition partition, long offset, CancellationToken ct) =>
        Task.FromResult(_logs[partition].Trim(offset));

    public Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<SegmentRow>>([]);

    public Task CheckHealthAsync(CancellationToken ct)
    {
        HealthChecks++;
        return Health(ct);
    }

    private PartitionFetch Read(FetchPartition wanted)
    {
        if (!_logs.TryGetValue(wanted.Partition, out MemoryLog? log))
        {
            return new PartitionFetch { Partition = wanted.Partition, Error = BrokerErrorCode.UnknownTopic, Message = "The topic was deleted." };
        }
        return log.Read(wanted, Buffers, PieceBytesMax);
    }

    private TopicDescription Replace(TopicDescription topic)
    {
        _topics[topic.Name] = topic;
        AddLogs(topic);
        return topic;
    }

    private void AddLogs(TopicDescription topic)
    {
        for (int p = 0; p < topic.Partitions; p++)
        {
            _logs.GetOrAdd(new TopicPartition(topic.Id, p), _ => new MemoryLog());
        }
    }
}
