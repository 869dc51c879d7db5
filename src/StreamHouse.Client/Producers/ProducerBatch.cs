using StreamHouse.Client.Transport;
using StreamHouse.Records;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Producers;

/// <summary>
/// Records of one partition from the first one's arrival to the batch's end. Used again: one batch serves many times. Guarded by its partition's lock.
/// </summary>
internal sealed class ProducerBatch : IDisposable
{
    private const int InitialBytes = 4 * 1024;

    private readonly RecordBatchBuilder _builder = new(InitialBytes);
    private readonly List<Waiting> _waiting = [];
    private TaskCompletionSource? _ended;

    /// <summary>Records in it.</summary>
    public int RecordCount => _builder.Count;

    /// <summary>Bytes before compression.</summary>
    public int SizeBytes => _builder.SizeBytes;

    /// <summary>Bytes taken from the budget.</summary>
    public long ChargedBytes { get; private set; }

    /// <summary>When the first record came, by the clock's timestamp.</summary>
    public long CreatedAt { get; set; }

    /// <summary>Whether it has gathered long enough to be sent beside others.</summary>
    public bool IsDue { get; set; }

    /// <summary>Sequence of its first record, or null before it was first sent under the present identity.</summary>
    public int? Sequence { get; set; }

    /// <summary>Counts the batches of its partition, once it has a sequence.</summary>
    public long Number { get; set; }

    /// <summary>Whether some attempt ended without an answer, so that it may be in the log.</summary>
    public bool MayBeAppended { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public StreamHouseException? LastError { get; set; }

    /// <summary>The encoded batch, once built.</summary>
    public ReadOnlyMemory<byte> Encoded { get; private set; }

    /// <summary>The answer awaited.</summary>
    public Task<ProduceOutcome>? Answer { get; set; }

    /// <summary>Links batches just sent, until their answers are being awaited.</summary>
    public ProducerBatch? NextSent { get; set; }

    /// <summary>Whether some record has no completion of its own.</summary>
    public bool HasUnawaited => _waiting.Count < RecordCount;

    /// <summary>Ends with the batch, whatever its outcome.</summary>
    public Task Ended => (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Adds a record; the first fits always.</summary>
    public bool TryAdd(in NewRecord record, int batchBytesMax)
    {
        int limit = _builder.Count == 0 ? Array.MaxLength : batchBytesMax;
        if (!_builder.TryAdd(record.TimestampMs, record.Key, record.Value, record.Headers, limit))
        {
            return false;
        }
        ChargedBytes += record.ChargedBytes;
        if (record.Completion is { } completion)
        {
            completion.TimestampMs = record.TimestampMs;
            _waiting.Add(new Waiting(_builder.Count - 1, completion));
        }
        return true;
    }

    /// <summary>Encodes it, compressed and signed.</summary>
    /// <exception cref="RecordFormatException">The codec's library is missing.</exception>
    public void Build(CompressionCodec codec, ProducerIdentity identity, int sequence)
    {
        Encoded = _builder.Build(new RecordBatchOptions
        {
            Codec = codec,
            ProducerId = identity.Id,
            ProducerEpoch = identity.Epoch,
            BaseSequence = sequence,
        });
        Sequence = sequence;
    }

    /// <summary>Gives every waiting record its result.</summary>
    public void Complete(int partition, in ProduceOutcome outcome)
    {
        foreach (Waiting record in _waiting)
        {
            if (outcome.Error is { } error)
            {
                record.Completion.Fail(error);
                continue;
            }
            long offset = outcome.BaseOffset < 0 ? -1 : outcome.BaseOffset + record.Index;
            long timestamp = outcome.TimestampMs >= 0 ? outcome.TimestampMs : record.Completion.TimestampMs;
            record.Completion.Complete(new RecordMetadata(partition, offset, timestamp, DurabilityOf(outcome.Durability)));
        }
    }

    /// <summary>Makes it ready for the next records.</summary>
    public void Reset()
    {
        _builder.Reset();
        _waiting.Clear();
        ChargedBytes = 0;
        IsDue = false;
        Sequence = null;
        MayBeAppended = false;
        LastError = null;
        Encoded = default;
        Answer = null;
        TaskCompletionSource? ended = _ended;
        _ended = null;
        ended?.TrySetResult();
    }

    public void Dispose() => _builder.Dispose();

    public static RecordDurability DurabilityOf(DurabilityReached durability) => durability switch
    {
        DurabilityReached.LocalFsync => RecordDurability.Local,
        DurabilityReached.Quorum => RecordDurability.Quorum,
        DurabilityReached.Object => RecordDurability.Object,
        _ => RecordDurability.Eventual,
    };

    private readonly record struct Waiting(int Index, RecordCompletion Completion);
}

/// <summary>A record on its way into a batch.</summary>
internal readonly ref struct NewRecord
{
    public required long TimestampMs { get; init; }

    public required OptionalBytes Key { get; init; }

    public required OptionalBytes Value { get; init; }

    public required ReadOnlySpan<RecordHeader> Headers { get; init; }

    /// <summary>Who waits for it; null for nobody.</summary>
    public required RecordCompletion? Completion { get; init; }

    /// <summary>What it has taken from the budget.</summary>
    public required int ChargedBytes { get; init; }

    /// <summary>What a record takes from the budget: its bytes and a little for its framing.</summary>
    public static int Charge(OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers)
    {
        const int FramingBytes = 16;
        int bytes = FramingBytes + key.Span.Length + value.Span.Length;
        foreach (ref readonly RecordHeader header in headers)
        {
            bytes += FramingBytes + header.Key.Length + (header.Value?.Length ?? 0);
        }
        return bytes;
    }
}
