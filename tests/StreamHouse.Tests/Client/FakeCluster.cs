using Google.Protobuf;
using StreamHouse.Client;
using StreamHouse.Client.Transport;
using StreamHouse.Records;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Client;

/// <summary>
/// A cluster behind the client's transport: partitions are lists of batches, with the broker's rules for producers' sequences. Requests can be held, lost,
/// refused or have their answers lost.
/// </summary>
internal sealed class FakeCluster : IClientTransport
{
    private readonly Dictionary<(string Topic, int Partition), FakePartition> _partitions = [];
    private readonly List<FakeSubscription> _subscriptions = [];
    private long _nextProducerId = 1000;

    public Dictionary<string, int> Topics { get; } = [];

    /// <summary>Batches that came and wait for the test to decide, in order.</summary>
    public List<HeldBatch> Held { get; } = [];

    /// <summary>Whether batches wait for the test instead of being appended at once.</summary>
    public bool Holds { get; set; }

    /// <summary>Every batch that was sent.</summary>
    public List<HeldBatch> Sent { get; } = [];

    /// <summary>Unary calls fail with this.</summary>
    public StreamHouseException? CallError { get; set; }

    /// <summary>Answers what members of groups ask; null for a cluster without groups.</summary>
    public FakeGroups? Groups { get; set; }

    /// <summary>Whether it ignores what its clients ask for beyond the first version of the protocol.</summary>
    public bool IsOld { get; set; }

    public List<ListOffsetsRequest> OffsetRequests { get; } = [];

    /// <summary>What the next answers for offsets say of their partitions, one by one.</summary>
    public Queue<ErrorDetail> OffsetErrors { get; } = [];

    public int InitProducerCalls { get; private set; }

    public List<SubscribeRequest> SubscribeRequests { get; } = [];

    /// <summary>Batches per message; small, so that messages have borders.</summary>
    public int BatchesPerMessage { get; set; } = 1;

    public Dictionary<(string Group, string Topic, int Partition), long> Committed { get; } = [];

    public FakePartition Partition(string topic, int partition)
    {
        if (!_partitions.TryGetValue((topic, partition), out FakePartition? found))
        {
            _partitions[(topic, partition)] = found = new FakePartition();
        }
        return found;
    }

    public Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        try
        {
            return CallError is { } error ? throw error
                : Groups?.TryAnswer(request, ct) is { } answer ? ConvertAsync<TResponse>(answer)
                : Task.FromResult((TResponse)Answer(request));
        }
        catch (StreamHouseException e)
        {
            return Task.FromException<TResponse>(e);
        }
    }

    public Task<ProduceOutcome> ProduceAsync(in ProduceCall call)
    {
        HeldBatch batch = new(this, call);
        Sent.Add(batch);
        if (Holds)
        {
            Held.Add(batch);
        }
        else
        {
            batch.Accept();
        }
        return batch.Answer;
    }

    public IDeliveryStream Subscribe(SubscribeRequest request)
    {
        SubscribeRequests.Add(request.Clone());
        FakeSubscription subscription = new(this, request);
        _subscriptions.Add(subscription);
        return subscription;
    }

    /// <summary>Breaks every open subscription.</summary>
    public void BreakSubscriptions()
    {
        foreach (FakeSubscription subscription in _subscriptions.ToList())
        {
            subscription.Break(new StreamHouseException(StreamHouseErrorCode.Unavailable, "Connection reset.", isRetriable: true));
        }
    }

    /// <summary>Wakes subscriptions after something was appended.</summary>
    public void Wake()
    {
        foreach (FakeSubscription subscription in _subscriptions.ToList())
        {
            subscription.Wake();
        }
    }

    public void Closed(FakeSubscription subscription) => _subscriptions.Remove(subscription);

    public int OpenSubscriptions => _subscriptions.Count;

    public ValueTask DisposeAsync() => default;

    private static async Task<TResponse> ConvertAsync<TResponse>(Task<object> answer) => (TResponse)await answer;

    private object Answer(object request)
    {
        switch (request)
        {
            case GetTopicRequest get:
                return Topics.TryGetValue(get.Topic, out int partitions)
                    ? new GetTopicResponse { Topic = new Topic { Name = get.Topic, Partitions = partitions } }
                    : throw Unknown(get.Topic);
            case InitProducerRequest:
                InitProducerCalls++;
                return new InitProducerResponse { ProducerId = _nextProducerId++ };
            case ListOffsetsRequest list:
                ListOffsetsResponse offsets = new() { Consistency = IsOld ? default : list.Consistency };
                OffsetRequests.Add(list);
                foreach (int number in list.Partitions)
                {
                    FakePartition partition = Partition(list.Topic, number);
                    offsets.Offsets.Add(OffsetErrors.TryDequeue(out ErrorDetail? error)
                        ? new PartitionOffset { Partition = number, Offset = -1, Error = error }
                        : new PartitionOffset { Partition = number, Offset = partition.Find(list.Kind, list.TimestampMs) });
                }
                return offsets;
            case CommitGroupOffsetsRequest commit:
                foreach (GroupOffset offset in commit.Offsets)
                {
                    Committed[(commit.Group, offset.Topic, offset.Partition)] = offset.Offset;
                }
                return new CommitGroupOffsetsResponse();
            case FetchGroupOffsetsRequest fetch:
                FetchGroupOffsetsResponse committed = new();
                foreach (((string group, string topic, int partition), long offset) in Committed)
                {
                    if (group == fetch.Group && topic == fetch.Topic)
                    {
                        committed.Offsets.Add(new GroupOffset { Topic = topic, Partition = partition, Offset = offset });
                    }
                }
                return committed;
            default:
                throw new InvalidOperationException($"{request.GetType().Name} is not scripted.");
        }
    }

    private static StreamHouseException Unknown(string topic) => new(StreamHouseErrorCode.UnknownTopic, $"There is no topic {topic}.");
}

/// <summary>A batch on its way to the cluster; the test says what becomes of it.</summary>
internal sealed class HeldBatch
{
    private readonly FakeCluster _cluster;
    private readonly TaskCompletionSource<ProduceOutcome> _answer = new();

    public HeldBatch(FakeCluster cluster, in ProduceCall call)
    {
        _cluster = cluster;
        Topic = call.Topic;
        Partition = call.Partition;
        Timeout = call.Timeout;
        Bytes = call.Batch.ToArray();
        RecordBatchView view = new(Bytes);
        ProducerId = view.ProducerId;
        BaseSequence = view.BaseSequence;
        Count = view.RecordCount;
        Codec = view.Codec;
        Values = Decode(Bytes);
    }

    public string Topic { get; }

    public int Partition { get; }

    public TimeSpan Timeout { get; }

    public byte[] Bytes { get; }

    public long ProducerId { get; }

    public int BaseSequence { get; }

    public int Count { get; }

    public CompressionCodec Codec { get; }

    /// <summary>The records' values as text.</summary>
    public string[] Values { get; }

    public Task<ProduceOutcome> Answer => _answer.Task;

    /// <summary>Appends it, by the broker's rules, and answers.</summary>
    public void Accept() => End(_cluster.Partition(Topic, Partition).Append(Bytes));

    /// <summary>Appends it, by the broker's rules, and loses the answer.</summary>
    public void AcceptAndLoseAnswer()
    {
        _cluster.Partition(Topic, Partition).Append(Bytes);
        Lose();
    }

    /// <summary>Loses it on the way.</summary>
    public void Lose() => End(new ProduceOutcome(
        new StreamHouseException(StreamHouseErrorCode.Unavailable, "Connection reset.", isRetriable: true, isOutcomeUnknown: true)));

    /// <summary>Answers with an error.</summary>
    public void Refuse(StreamHouseErrorCode code, bool isRetriable = false) =>
        End(new ProduceOutcome(new StreamHouseException(code, $"Refused: {code}.", isRetriable)));

    public static string[] Decode(byte[] batch)
    {
        using RecordBatchReader reader = new();
        List<string> values = [];
        foreach (ref readonly StreamHouse.Records.Record record in reader.Open(batch))
        {
            values.Add(System.Text.Encoding.UTF8.GetString(record.Value.Span));
        }
        return [.. values];
    }

    private void End(ProduceOutcome outcome)
    {
        _cluster.Held.Remove(this);
        _answer.SetResult(outcome);
        _cluster.Wake();
    }
}

/// <summary>One partition's log.</summary>
internal sealed class FakePartition
{
    private readonly Dictionary<long, List<(int First, int Last, long Offset)>> _producers = [];

    public List<(long BaseOffset, byte[] Bytes)> Batches { get; } = [];

    public long Start { get; set; }

    public long End { get; private set; }

    /// <summary>The values of all records, in order.</summary>
    public string[] Values => [.. Batches.SelectMany(batch => HeldBatch.Decode(batch.Bytes))];

    public long Find(ListOffsetsRequest.Types.Kind kind, long timestampMs) => kind switch
    {
        ListOffsetsRequest.Types.Kind.Earliest => Start,
        ListOffsetsRequest.Types.Kind.Latest => End,
        ListOffsetsRequest.Types.Kind.Timestamp =>
            Batches.Where(batch => new RecordBatchView(batch.Bytes).MaxTimestamp >= timestampMs).Select(batch => batch.BaseOffset).FirstOrDefault(-1),
        _ => -1,
    };

    public ProduceOutcome Append(byte[] batch)
    {
        batch = [.. batch];
        RecordBatchView view = new(batch);
        if (view.HasProducerId)
        {
            if (!_producers.TryGetValue(view.ProducerId, out List<(int First, int Last, long Offset)>? known))
            {
                _producers[view.ProducerId] = known = [];
            }
            foreach ((int first, int last, long offset) in known)
            {
                if (first == view.BaseSequence && last == view.LastSequence)
                {
                    return new ProduceOutcome(null, offset, -1, DurabilityReached.LocalFsync);
                }
            }
            if (view.BaseSequence != (known.Count == 0 ? 0 : known[^1].Last + 1))
            {
                return new ProduceOutcome(new StreamHouseException(StreamHouseErrorCode.OutOfOrderSequence, "A gap."));
            }
            known.Add((view.BaseSequence, view.LastSequence, End));
            if (known.Count > 5)
            {
                known.RemoveAt(0);
            }
        }
        long baseOffset = End;
        RecordBatchStamp.SetOffset(batch, baseOffset, 1);
        Batches.Add((baseOffset, batch));
        End += new RecordBatchView(batch).RecordCount;
        return new ProduceOutcome(null, baseOffset, -1, DurabilityReached.LocalFsync);
    }
}
