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
    private readonly bool _isSilent;
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
        _isSilent = request.Acks == 0;
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

    /// <summary>A batch was handed to the broker.</summary>
    public void Wait(int part, Task<AppendResult> append) => _parts[part].Append = append;

    /// <summary>A batch was not handed to the broker.</summary>
    public void Refuse(int part, KafkaErrorCode code, string message) => (_parts[part].Refusal, _parts[part].Message) = (code, message);

    /// <summary>All batches are waited for or refused.</summary>
    public void Begin() => _completed = SkipCompleted();

    public override void OnCompleted(Action continuation)
    {
        _continuation = continuation;
        _step = Step;
        _parts[_waitingFor].Append!.GetAwaiter().UnsafeOnCompleted(_step);
    }

    public override ReplyKind Write(ReplyBuffer output)
    {
        (BrokerErrorCode First, bool Failed) outcome = Count();
        _metrics.Answered(ApiKey.Produce, _arrived);
        _brokerMetrics.ProduceAnswered(FrontEnd.Kafka, outcome.First, _clock.GetElapsedTime(_arrived));
        if (_isSilent)
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
        foreach (ref readonly Part part in _parts.AsSpan())
        {
            KafkaErrorCode code = part.Code;
            if (code == KafkaErrorCode.None)
            {
                continue;
            }
            _metrics.Failed(ApiKey.Produce, code);
            failed = true;
            first = first != BrokerErrorCode.None ? first : part.Append?.Result.Error ?? BrokerErrorCode.InvalidRequest;
        }
        return (first, failed);
    }

    private record struct Part
    {
        public int Index;
        public Task<AppendResult>? Append;
        public KafkaErrorCode Refusal;
        public string? Message;

        public readonly KafkaErrorCode Code => Append is null ? Refusal : KafkaErrors.Of(Append.Result.Error);

        public readonly ProducePartitionResult Result()
        {
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
