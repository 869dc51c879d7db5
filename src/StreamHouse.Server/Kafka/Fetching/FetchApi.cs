using System.Collections.Concurrent;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>Serves Fetch: the broker reads and waits, the records go out from where they lie.</summary>
internal sealed class FetchApi(IBroker broker, BrokerMetrics brokerMetrics, KafkaMetrics metrics, TimeProvider clock, KafkaOptions options) : KafkaApi
{
    private const short TopicIdVersionMin = 13;

    // Reading so many takes about as long as waking a thread.
    private const int ShortPartitionsMax = 32;

    private readonly ConcurrentBag<FetchRequestView> _views = [];
    private readonly FetchServices _services = new(
        new FetchSessions(options, clock), new FetchMemory(options, clock), new FetchFrames(), brokerMetrics, metrics, clock);

    public override PendingReply Begin(in RequestFrame frame) => Begin(frame, mustBeShort: false)!;

    public override PendingReply? TryBeginShort(in RequestFrame frame) => Begin(frame, mustBeShort: true);

    private FetchReply? Begin(in RequestFrame frame, bool mustBeShort)
    {
        FetchRequestView request = _views.TryTake(out FetchRequestView? idle) ? idle : new FetchRequestView();
        KafkaReader reader = new(frame.Body);
        request.Read(ref reader, frame.Header.ApiVersion);
        if (mustBeShort && request.Partitions.Length + _services.Sessions.PartitionsOf(request.SessionId) > ShortPartitionsMax)
        {
            _views.Add(request);
            return null;
        }
        FetchPlan plan = _services.Sessions.Begin(request, usesTopicIds: frame.Header.ApiVersion >= TopicIdVersionMin);
        FetchLimits limits = new(
            Math.Max(0, Math.Min(request.MinBytes, request.MaxBytes)), Math.Max(0, request.MaxBytes),
            TimeSpan.FromMilliseconds(Math.Clamp(request.MaxWaitMs, 0, options.FetchWaitMax.TotalMilliseconds)), request.IsReadCommitted);
        _views.Add(request);

        // A client that does not take its answers must not make the server hold many: one fetch of a connection at a time.
        Task turn = frame.Client.FetchTurn;
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        frame.Client.FetchTurn = done.Task;
        return new FetchReply(ReadAsync(turn, plan, limits, frame.Client), plan, limits, frame.Header, frame.Arrived, done, _services)
        {
            RequestBytes = frame.Bytes.Length,
        };
    }

    private async ValueTask<FetchOutcome> ReadAsync(Task turn, FetchPlan plan, FetchLimits limits, KafkaClient client)
    {
        if (!turn.IsCompleted)
        {
            await turn;
        }
        FetchOutcome outcome = new(new KafkaErrorCode[plan.Partitions.Length], null);
        List<FetchPartition> wanted = new(plan.Partitions.Length);
        Resolve(plan.Partitions, outcome.Errors, wanted);
        if (wanted.Count == 0)
        {
            return outcome;
        }
        bool mustAnswer = wanted.Count < plan.Partitions.Length || client.Ending.IsCancellationRequested;
        int bytesMax = Math.Min(limits.BytesMax, options.FetchBytesMax);
        FetchRequest request = new(wanted, Math.Min(limits.BytesMin, bytesMax), bytesMax, mustAnswer ? TimeSpan.Zero : limits.Wait)
        {
            Budget = _services.Memory,
        };
        if (EventLoop.IsCurrent)
        {
            // Reading may take long: of many small batches, or from objects. Waiting for what is not there yet does not.
            if (request.WaitMax > TimeSpan.Zero && await IsAtEndAsync(request))
            {
                EventLoop.Stay();
            }
            else
            {
                await EventLoop.LeaveAsync();
            }
        }
        FetchResult result = await ReadAsync(request, client);
        EventLoop.StayNoMore();
        return outcome with { Result = result };
    }

    private async ValueTask<bool> IsAtEndAsync(FetchRequest request)
    {
        using FetchResult marks = await broker.FetchAsync(request with { WaitMax = TimeSpan.Zero, Budget = NoBytes.Instance }, CancellationToken.None);
        for (int i = 0; i < marks.Partitions.Count; i++)
        {
            PartitionFetch partition = marks.Partitions[i];
            if (partition.Error != BrokerErrorCode.None || partition.HighWatermark > request.Partitions[i].Offset)
            {
                return false;
            }
        }
        return true;
    }

    private async ValueTask<FetchResult> ReadAsync(FetchRequest request, KafkaClient client)
    {
        try
        {
            return await broker.FetchAsync(request, client.Ending);
        }
        catch (OperationCanceledException) when (client.Ending.IsCancellationRequested)
        {
            // Nobody waits any more, but an answer is due: what is there.
            return await broker.FetchAsync(request with { WaitMax = TimeSpan.Zero }, CancellationToken.None);
        }
    }

    private void Resolve(FetchTarget[] targets, KafkaErrorCode[] errors, List<FetchPartition> wanted)
    {
        string name = "";
        Guid id = default;
        TopicId? found = null;
        for (int i = 0; i < targets.Length; i++)
        {
            FetchKey key = targets[i].State.Key;
            if (i == 0 || key.TopicId != id || !ReferenceEquals(key.Topic, name))
            {
                (name, id) = (key.Topic, key.TopicId);
                found = (name.Length > 0 ? broker.FindTopic(name) : broker.FindTopic(new TopicId(id)))?.Id;
            }
            if (found is { } topic)
            {
                FetchPartitionView asked = targets[i].Wanted;
                wanted.Add(new FetchPartition(
                    new TopicPartition(topic, key.Partition), asked.FetchOffset, Math.Max(0, asked.PartitionMaxBytes), asked.CurrentLeaderEpoch));
            }
            else
            {
                errors[i] = name.Length > 0 ? KafkaErrorCode.UnknownTopicOrPartition : KafkaErrorCode.UnknownTopicId;
            }
        }
    }
}

/// <summary>For a fetch that is to read nothing but how far its partitions go.</summary>
internal sealed class NoBytes : IFetchBudget
{
    private NoBytes()
    {
    }

    /// <summary>The only one: it has no state.</summary>
    public static NoBytes Instance { get; } = new();

    /// <inheritdoc/>
    public ValueTask<int> ReserveAsync(int bytesMax, TimeSpan wait, CancellationToken ct) => new(0);

    /// <inheritdoc/>
    public void Release(long bytes)
    {
        // None were reserved.
    }
}

/// <summary>What a fetch asks for as a whole.</summary>
/// <param name="BytesMin">Bytes to wait for.</param>
/// <param name="BytesMax">Bytes at most; the first batch may be larger.</param>
/// <param name="Wait">Longest wait.</param>
/// <param name="IsReadCommitted">Whether aborted transactions must be named.</param>
internal readonly record struct FetchLimits(int BytesMin, int BytesMax, TimeSpan Wait, bool IsReadCommitted);

/// <summary>What was read.</summary>
/// <param name="Errors">For each partition of the plan: why the broker was not asked, or None.</param>
/// <param name="Result">The broker's answer for the others, in their order; null when there are none.</param>
internal readonly record struct FetchOutcome(KafkaErrorCode[] Errors, FetchResult? Result);

/// <summary>What all fetches share.</summary>
internal sealed record FetchServices(
    FetchSessions Sessions, FetchMemory Memory, FetchFrames Frames, BrokerMetrics BrokerMetrics, KafkaMetrics KafkaMetrics, TimeProvider Clock);
