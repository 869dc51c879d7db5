using StreamHouse.Kafka.Messages;

namespace StreamHouse.Kafka.Fetch;

/// <summary>
/// A fetch response without its records: <see cref="Begin"/>; <see cref="BeginTopic"/>, its <see cref="WritePartition"/>s and <see cref="EndTopic"/> for
/// each topic; <see cref="End"/>. Then the caller sends piece 0, the records announced behind it, piece 1, and so on to the last piece: records go from where
/// they lie to the socket. Made to be used again; for one thread at a time.
/// </summary>
public sealed class FetchResponseFrame : IDisposable
{
    private readonly KafkaBuffer _buffer = new();
    private ReusedArray<RecordsGap> _gaps;
    private ExpectedCounts _expected;
    private long _recordsBytes;
    private short _version;
    private bool _flexible;

    /// <summary>Pieces to send: one more than there are partitions with records.</summary>
    public int PieceCount => _gaps.Count + 1;

    /// <summary>Bytes of the whole frame: length, pieces, records.</summary>
    public long FrameBytes => _buffer.Length + _recordsBytes;

    /// <summary>Begins a response; what was written before is gone.</summary>
    /// <param name="version">Version of the request.</param>
    /// <param name="correlationId">From the request.</param>
    /// <param name="topicCount">How many topics follow.</param>
    /// <param name="sessionId">The fetch session; 0 for none.</param>
    /// <param name="errorCode">Why the whole fetch failed.</param>
    /// <param name="throttleTimeMs">How long the client should wait before its next request, in ms.</param>
    public void Begin(
        short version, int correlationId, int topicCount, int sessionId = 0, KafkaErrorCode errorCode = KafkaErrorCode.None, int throttleTimeMs = 0)
    {
        MessageVersion.CheckWrite(ApiKey.Fetch, version, 4, 17);
        _version = version;
        _flexible = version >= 12;
        _expected = new ExpectedCounts(topicCount);
        _recordsBytes = 0;
        _gaps.Clear();
        _buffer.Clear();
        KafkaWriter writer = new(_buffer);
        KafkaFrame.BeginResponse(ref writer, ApiKey.Fetch, version, correlationId);
        writer.WriteInt32(throttleTimeMs);
        if (version >= 7)
        {
            writer.WriteErrorCode(errorCode);
            writer.WriteInt32(sessionId);
        }

        writer.WriteCount(topicCount, _flexible);
    }

    /// <summary>Begins a topic.</summary>
    /// <param name="name">Its name; used up to version 12.</param>
    /// <param name="topicId">Its id; used from version 13.</param>
    /// <param name="partitionCount">How many partitions follow.</param>
    public void BeginTopic(string name, Guid topicId, int partitionCount)
    {
        _expected.BeginTopic(partitionCount);
        KafkaWriter writer = new(_buffer);
        if (_version <= 12)
        {
            writer.WriteString(name, _flexible);
        }
        else
        {
            writer.WriteUuid(topicId);
        }

        writer.WriteCount(partitionCount, _flexible);
    }

    /// <summary>Writes what was read of one partition, up to its records, which the caller sends between two pieces if there are any.</summary>
    public void WritePartition(in FetchPartitionResult result)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(result.RecordsBytes);
        _expected.Partition();
        KafkaWriter writer = new(_buffer);
        writer.WriteInt32(result.PartitionIndex);
        writer.WriteErrorCode(result.ErrorCode);
        writer.WriteInt64(result.HighWatermark);
        writer.WriteInt64(result.LastStableOffset);
        if (_version >= 5)
        {
            writer.WriteInt64(result.LogStartOffset);
        }

        writer.WriteNullableArray(result.AbortedTransactions, _version, _flexible);
        if (_version >= 11)
        {
            writer.WriteInt32(-1);
        }

        // Clients take empty records, and some do not take null.
        writer.WriteCount(result.RecordsBytes, _flexible);
        if (result.RecordsBytes > 0)
        {
            _gaps.Next() = new RecordsGap(_buffer.Length, result.RecordsBytes);
            _recordsBytes += result.RecordsBytes;
        }

        if (_flexible)
        {
            WritePartitionTags(ref writer, result);
        }
    }

    /// <summary>Ends a topic.</summary>
    public void EndTopic()
    {
        _expected.EndTopic();
        if (_flexible)
        {
            new KafkaWriter(_buffer).WriteNoTaggedFields();
        }
    }

    /// <summary>Ends the response.</summary>
    /// <param name="nodeEndpoints">Where leaders named in the results can be reached, or null.</param>
    /// <exception cref="InvalidOperationException">Fewer topics or partitions were written than were announced.</exception>
    /// <exception cref="OverflowException">The frame with its records is larger than a length can say.</exception>
    public void End(FetchResponse.NodeEndpoint[]? nodeEndpoints = null)
    {
        _expected.End();
        KafkaWriter writer = new(_buffer);
        if (_version >= 16 && nodeEndpoints is { Length: > 0 })
        {
            writer.WriteUnsignedVarint(1);
            int start = writer.BeginTaggedField(0);
            writer.WriteArray(nodeEndpoints, _version, flexible: true);
            writer.EndTaggedField(start);
        }
        else if (_flexible)
        {
            writer.WriteNoTaggedFields();
        }

        KafkaFrame.End(ref writer, 0, _recordsBytes);
    }

    /// <summary>One piece; valid until <see cref="Begin"/> or <see cref="Dispose"/>.</summary>
    /// <param name="index">0 to <see cref="PieceCount"/> - 1.</param>
    public ReadOnlyMemory<byte> Piece(int index)
    {
        int from = index == 0 ? 0 : _gaps.Span[index - 1].Position;
        int to = index == _gaps.Count ? _buffer.Length : _gaps.Span[index].Position;
        return _buffer.WrittenMemory[from..to];
    }

    /// <summary>Length of the records that go behind a piece: those of the partitions that have any, in the order in which they were written.</summary>
    /// <param name="index">0 to <see cref="PieceCount"/> - 2.</param>
    public int RecordsBytesBehind(int index) => _gaps.Span[index].Bytes;

    /// <summary>Gives the memory back to its pool.</summary>
    public void Dispose() => _buffer.Dispose();

    private void WritePartitionTags(ref KafkaWriter writer, in FetchPartitionResult result)
    {
        writer.WriteUnsignedVarint((result.DivergingEpoch is null ? 0u : 1u) + (result.CurrentLeader is null ? 0u : 1u));
        if (result.DivergingEpoch is not null)
        {
            int start = writer.BeginTaggedField(0);
            result.DivergingEpoch.Write(ref writer, _version);
            writer.EndTaggedField(start);
        }

        if (result.CurrentLeader is not null)
        {
            int start = writer.BeginTaggedField(1);
            result.CurrentLeader.Write(ref writer, _version);
            writer.EndTaggedField(start);
        }
    }

    /// <summary>Where records go, and how many bytes of them.</summary>
    private readonly record struct RecordsGap(int Position, int Bytes);
}
