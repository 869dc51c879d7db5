using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Producers;

namespace StreamHouse.Broker.Partitions;

/// <summary>A batch that has its offset but is not durable yet.</summary>
internal sealed class PendingAppend(PartitionWriter partition) : NodeLogEntry
{
    private readonly TaskCompletionSource<AppendResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The producer's identity, when it is idempotent.</summary>
    public ProducerStamp? Stamp { get; init; }

    /// <summary>What to answer once durable.</summary>
    public required AppendResult Acknowledgement { get; init; }

    /// <summary>When it was sequenced, by the clock's timestamp.</summary>
    public required long SequencedAt { get; init; }

    /// <summary>When it was sequenced, ms since 1970.</summary>
    public required long SequencedMs { get; init; }

    /// <summary>Offset after the last record.</summary>
    public long EndOffset => BaseOffset + Count;

    /// <summary>Ends when the batch is durable or refused.</summary>
    public Task<AppendResult> Answer => _answer.Task;

    /// <inheritdoc/>
    public override void OnDurable() => partition.OnLogged(this);

    /// <inheritdoc/>
    public override void OnFailed(Exception cause) =>
        partition.Close(BrokerErrorCode.StorageFailed, $"The node log has failed, the outcome is unknown: {cause.Message}");

    /// <summary>Acknowledges.</summary>
    public void Acknowledge() => _answer.TrySetResult(Acknowledgement);

    /// <summary>Refuses.</summary>
    public void Refuse(in AppendResult refusal) => _answer.TrySetResult(refusal);
}
