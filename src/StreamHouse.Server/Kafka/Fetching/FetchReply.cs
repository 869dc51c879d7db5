using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>The answer to a fetch. It holds what was read until it has been sent.</summary>
internal sealed class FetchReply : PendingReply
{
    private readonly FetchPlan _plan;
    private readonly FetchLimits _limits;
    private readonly RequestHeader _header;
    private readonly long _arrived;
    private readonly TaskCompletionSource _done;
    private readonly FetchServices _services;
    private readonly Task<FetchOutcome>? _reading;
    private FetchOutcome _outcome;
    private FetchResponseFrame? _frame;
    private FetchPartitionResult[] _results = [];

    public FetchReply(
        ValueTask<FetchOutcome> reading, in FetchPlan plan, in FetchLimits limits, in RequestHeader header, long arrived,
        TaskCompletionSource done, FetchServices services)
    {
        (_plan, _limits, _header, _arrived) = (plan, limits, header, arrived);
        (_done, _services) = (done, services);
        if (reading.IsCompletedSuccessfully)
        {
            _outcome = reading.Result;
        }
        else
        {
            _reading = reading.AsTask();
        }
    }

    public override bool IsCompleted => _reading is null or { IsCompleted: true };

    public override void OnCompleted(Action continuation) => _reading!.GetAwaiter().UnsafeOnCompleted(continuation);

    public override ReplyKind Write(ReplyBuffer output)
    {
        if (_reading is { } reading)
        {
            _outcome = reading.GetAwaiter().GetResult();
        }
        PartitionFetch?[] fetched = Collect();
        bool[] told = Choose(fetched, out SessionPartition? last);
        if (last is not null && _plan.Session is { } session)
        {
            session.EndTurnAt(last);
        }
        _frame = _services.Frames.Rent();
        WriteFrame(_frame, told);
        Splice(_frame, output, fetched, told);
        _services.KafkaMetrics.Answered(ApiKey.Fetch, _arrived);
        _services.BrokerMetrics.FetchAnswered(FrontEnd.Kafka, FirstError(fetched), _services.Clock.GetElapsedTime(_arrived));
        return ReplyKind.Answer;
    }

    public override void Release()
    {
        FetchOutcome outcome = _reading is null ? _outcome : _reading.IsCompletedSuccessfully ? _reading.Result : default;
        outcome.Result?.Dispose();
        if (_frame is { } frame)
        {
            _services.Frames.Return(frame);
        }
        _done.TrySetResult();
    }

    // One for each partition of the plan; null where the broker was not asked.
    private PartitionFetch?[] Collect()
    {
        var fetched = new PartitionFetch?[_plan.Partitions.Length];
        int next = 0;
        for (int i = 0; i < fetched.Length; i++)
        {
            if (_outcome.Errors[i] == KafkaErrorCode.None)
            {
                fetched[i] = _outcome.Result!.Partitions[next++];
            }
        }
        return fetched;
    }

    private bool[] Choose(PartitionFetch?[] fetched, out SessionPartition? last)
    {
        last = null;
        bool[] told = new bool[fetched.Length];
        _results = new FetchPartitionResult[fetched.Length];
        for (int i = 0; i < fetched.Length; i++)
        {
            SessionPartition partition = _plan.Partitions[i].State;
            _results[i] = Describe(partition.Key.Partition, fetched[i], _outcome.Errors[i]);
            bool isNews = _plan.Session is null || _plan.Session.Tell(partition, _results[i]);
            told[i] = isNews || !_plan.IsIncremental;
            last = _results[i].RecordsBytes > 0 ? partition : last;
            if (_results[i].ErrorCode != KafkaErrorCode.None)
            {
                _services.KafkaMetrics.Failed(ApiKey.Fetch, _results[i].ErrorCode);
            }
        }
        return told;
    }

    private FetchPartitionResult Describe(int partition, PartitionFetch? fetched, KafkaErrorCode error)
    {
        if (fetched is null || fetched.Error != BrokerErrorCode.None)
        {
            return new FetchPartitionResult { PartitionIndex = partition, ErrorCode = fetched is null ? error : KafkaErrors.OfFetch(fetched.Error) };
        }
        return new FetchPartitionResult
        {
            PartitionIndex = partition,
            HighWatermark = fetched.HighWatermark,
            LastStableOffset = fetched.LastStableOffset,
            LogStartOffset = fetched.LogStartOffset,
            // Without transactions none has been aborted.
            AbortedTransactions = _limits.IsReadCommitted ? [] : null,
            RecordsBytes = fetched.Bytes,
        };
    }

    private void WriteFrame(FetchResponseFrame frame, bool[] told)
    {
        int topics = 0;
        for (int i = 0; i < told.Length; i = EndOfTopic(i))
        {
            topics += CountTold(told, i, EndOfTopic(i)) > 0 ? 1 : 0;
        }
        frame.Begin(_header.ApiVersion, _header.CorrelationId, topics, _plan.SessionId, _plan.Error);
        for (int i = 0, end; i < told.Length; i = end)
        {
            end = EndOfTopic(i);
            int partitions = CountTold(told, i, end);
            if (partitions == 0)
            {
                continue;
            }
            FetchKey key = _plan.Partitions[i].State.Key;
            frame.BeginTopic(key.Topic, key.TopicId, partitions);
            for (int j = i; j < end; j++)
            {
                if (told[j])
                {
                    frame.WritePartition(_results[j]);
                }
            }
            frame.EndTopic();
        }
        frame.End();
    }

    private static void Splice(FetchResponseFrame frame, ReplyBuffer output, PartitionFetch?[] fetched, bool[] told)
    {
        int piece = 0;
        output.Splice(frame.Piece(piece++));
        for (int i = 0; i < told.Length; i++)
        {
            if (told[i] && fetched[i] is { Bytes: > 0 } records)
            {
                foreach (BufferSlice slice in records.Slices)
                {
                    output.Splice(slice.Memory);
                }
                output.Splice(frame.Piece(piece++));
            }
        }
    }

    private static int CountTold(bool[] told, int from, int to)
    {
        int count = 0;
        for (int i = from; i < to; i++)
        {
            count += told[i] ? 1 : 0;
        }
        return count;
    }

    // Partitions of one topic that follow one another stand under it; a topic may come again later, as it may from Kafka.
    private int EndOfTopic(int from)
    {
        FetchKey topic = _plan.Partitions[from].State.Key;
        int end = from + 1;
        while (end < _plan.Partitions.Length && _plan.Partitions[end].State.Key is var key && key.TopicId == topic.TopicId && key.Topic == topic.Topic)
        {
            end++;
        }
        return end;
    }

    private static BrokerErrorCode FirstError(PartitionFetch?[] fetched)
    {
        foreach (PartitionFetch? partition in fetched)
        {
            if (partition is null || partition.Error != BrokerErrorCode.None)
            {
                return partition?.Error ?? BrokerErrorCode.UnknownTopic;
            }
        }
        return BrokerErrorCode.None;
    }
}
