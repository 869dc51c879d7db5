using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Produce;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Producing;

/// <summary>The answer to a produce request, complete when the broker has answered each of its batches.</summary>
internal sealed class ProduceReply : PendingReply
{
    private readonly RequestHeader _header;
    private readonly long _arrived;
    private readonly Acks _acks;
    private readonly TimeSpan _timeout;
    private readonly (string Name, int Partitions)[] _topics;
    private readonly Part[] _parts;
    private readonly TimeProvider _clock;
    private readonly BrokerMetrics _brokerMetrics;
    private readonly KafkaMetrics _metrics;
    private Action? _continuation;
    private Action? _step;
    private int _waitingFor;
    private volatile bool _completed;

    public ProduceReply(
        in RequestHeader header, long arrived, ProduceRequestView request, TimeProvider clock, BrokerMetrics brokerMetrics, KafkaMetrics metrics)
    {
        (_header, _arrived, _clock, _brokerMetrics, _metrics) = (header, arrived, clock, brokerMetrics, metrics);
        _acks = (Acks)request.Acks;
        _timeout = TimeSpan.FromMilliseconds(Math.Max(0, request.TimeoutMs));
        _topics = new (string, int)[request.Topics.Length];
        _parts = new Part[request.Partitions.Length];
        for (int i = 0; i < _topics.Length; i++)
        {
            _topics[i] = (request.Topics[i].Name, request.Topics[i].PartitionCount);
        }
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Index = request.Partitions[i].Index;
        }
    }

    public override bool IsCompleted => _completed;

    /// <summary>An append that is not answered for goes on, and its batch stays in the request's bytes.</summary>
    public override Task Settled => Array.TrueForAll(_parts, static p => p.Append is null or { IsCompleted: true })
        ? Task.CompletedTask
        : Task.WhenAll(_parts.Where(p => p.Append is not null).Select(p => p.Append!));

    /// <inheritdoc/>
    public override bool IsOverdue(long now) => _acks == Acks.All && !_completed && _clock.GetElapsedTime(_arrived, now) >= _timeout;

    /// <inheritdoc/>
    public override void Expire()
    {
        _completed = true;
        Interlocked.MemoryBarrier();
        _continuation?.Invoke();
    }

    /// <summary>A batch was handed to the broker.</summary>
    public void Wait(int part, Task<AppendResult> append) => _parts[part].Append = append;

    /// <summary>A batch was not handed to the broker.</summary>
    public void Refuse(int part, KafkaErrorCode code, string message) => (_parts[part].Refusal, _parts[part].Message) = (code, message);

    /// <summary>All batches are waited for or refused.</summary>
    public void Begin() => _completed = SkipCompleted();

    public override void OnCompleted(Action continuation)
    {
        _step = Step;
        _continuation = continuation;
        Interlocked.MemoryBarrier();
        if (_completed)
        {
            // It expired between the caller's question and this.
            continuation();
        }
        _parts[_waitingFor].Append!.GetAwaiter().UnsafeOnCompleted(_step);
    }

    public override ReplyKind Write(ReplyBuffer output)
    {
        (BrokerErrorCode First, bool Failed) outcome = Count();
        _metrics.Answered(ApiKey.Produce, _arrived);
        _brokerMetrics.ProduceAnswered(FrontEnd.Kafka, outcome.First, _clock.GetElapsedTime(_arrived));
        if (_acks == Acks.None)
        {
            // A client that wants no answers learns of a failure by the end of its connection, as from Kafka.
            return outcome.Failed ? ReplyKind.Close : ReplyKind.Silence;
        }
        ProduceResponseWriter writer = new(output.Fields, _header.ApiVersion, _header.CorrelationId, _topics.Length);
        int next = 0;
        foreach ((string name, int partitions) in _topics)
        {
            writer.BeginTopic(name, partitions);
            for (int end = next + partitions; next < end; next++)
            {
                writer.WritePartition(_parts[next].Result());
            }
            writer.EndTopic();
        }
        writer.End();
        return ReplyKind.Answer;
    }

    public override void Release()
    {
        // The broker holds what it needs of the batches by itself.
    }

    private bool SkipCompleted()
    {
        while (_waitingFor < _parts.Length && _parts[_waitingFor].Append is null or { IsCompleted: true })
        {
            _waitingFor++;
        }
        return _waitingFor == _parts.Length;
    }

    private void Step()
    {
        if (SkipCompleted())
        {
            _completed = true;
            _continuation!();
        }
        else
        {
            _parts[_waitingFor].Append!.GetAwaiter().UnsafeOnCompleted(_step!);
        }
    }

    private (BrokerErrorCode First, bool Failed) Count()
    {
        BrokerErrorCode first = BrokerErrorCode.None;
        bool failed = false;
        foreach (ref Part part in _parts.AsSpan())
        {
            part.HasTimedOut = part.Append is { IsCompleted: false };
            KafkaErrorCode code = part.Code;
            if (code == KafkaErrorCode.None)
            {
                continue;
            }
            _metrics.Failed(ApiKey.Produce, code);
            failed = true;
            first = first != BrokerErrorCode.None ? first
                : part.HasTimedOut ? BrokerErrorCode.TimedOut
                : part.Append?.Result.Error ?? BrokerErrorCode.InvalidRequest;
        }
        return (first, failed);
    }

    private record struct Part
    {
        public int Index;
        public Task<AppendResult>? Append;
        public KafkaErrorCode Refusal;
        public string? Message;
        public bool HasTimedOut;

        public readonly KafkaErrorCode Code =>
            HasTimedOut ? KafkaErrorCode.RequestTimedOut : Append is null ? Refusal : KafkaErrors.Of(Append.Result.Error);

        public readonly ProducePartitionResult Result()
        {
            if (HasTimedOut)
            {
                return new ProducePartitionResult
                {
                    Index = Index, ErrorCode = KafkaErrorCode.RequestTimedOut, ErrorMessage = "The batch was not durable in time; it may be yet.",
                };
            }
            if (Append is null)
            {
                return new ProducePartitionResult { Index = Index, ErrorCode = Refusal, ErrorMessage = Message };
            }
            AppendResult result = Append.Result;
            return new ProducePartitionResult
            {
                Index = Index,
                ErrorCode = KafkaErrors.Of(result.Error),
                BaseOffset = result.BaseOffset,
                LogAppendTimeMs = result.LogAppendTimeMs,
                LogStartOffset = result.LogStartOffset,
                ErrorMessage = result.Message,
            };
        }
    }
}
