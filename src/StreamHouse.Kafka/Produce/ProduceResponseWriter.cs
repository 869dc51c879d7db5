using StreamHouse.Kafka.Messages;

namespace StreamHouse.Kafka.Produce;

/// <summary>
/// Writes a produce response straight into a buffer, with its length and header: <see cref="BeginTopic"/>, its <see cref="WritePartition"/>s and
/// <see cref="EndTopic"/> for each topic, then <see cref="End"/>.
/// </summary>
public ref struct ProduceResponseWriter
{
    private readonly short _version;
    private readonly bool _flexible;
    private readonly int _start;
    private KafkaWriter _writer;
    private ExpectedCounts _expected;

    /// <summary>Begins a response.</summary>
    /// <param name="buffer">Where to, behind what it holds.</param>
    /// <param name="version">Version of the request.</param>
    /// <param name="correlationId">From the request.</param>
    /// <param name="topicCount">How many topics follow.</param>
    public ProduceResponseWriter(KafkaBuffer buffer, short version, int correlationId, int topicCount)
    {
        MessageVersion.CheckWrite(ApiKey.Produce, version, 0, 11);
        _version = version;
        _flexible = version >= 9;
        _writer = new KafkaWriter(buffer);
        _start = KafkaFrame.BeginResponse(ref _writer, ApiKey.Produce, version, correlationId);
        _writer.WriteCount(topicCount, _flexible);
        _expected = new ExpectedCounts(topicCount);
    }

    /// <summary>Begins a topic.</summary>
    /// <param name="name">The topic.</param>
    /// <param name="partitionCount">How many partitions follow.</param>
    public void BeginTopic(string name, int partitionCount)
    {
        _expected.BeginTopic(partitionCount);
        _writer.WriteString(name, _flexible);
        _writer.WriteCount(partitionCount, _flexible);
    }

    /// <summary>Writes what became of one partition's batch.</summary>
    public void WritePartition(in ProducePartitionResult result)
    {
        _expected.Partition();
        _writer.WriteInt32(result.Index);
        _writer.WriteErrorCode(result.ErrorCode);
        _writer.WriteInt64(result.BaseOffset);
        if (_version >= 2)
        {
            _writer.WriteInt64(result.LogAppendTimeMs);
        }

        if (_version >= 5)
        {
            _writer.WriteInt64(result.LogStartOffset);
        }

        if (_version >= 8)
        {
            _writer.WriteArray(result.RecordErrors, _version, _flexible);
            _writer.WriteNullableString(result.ErrorMessage, _flexible);
        }

        if (_flexible)
        {
            WritePartitionTags(result.CurrentLeader);
        }
    }

    /// <summary>Ends a topic.</summary>
    public void EndTopic()
    {
        _expected.EndTopic();
        if (_flexible)
        {
            _writer.WriteNoTaggedFields();
        }
    }

    /// <summary>Ends the response.</summary>
    /// <param name="throttleTimeMs">How long the client should wait before its next request, in ms.</param>
    /// <param name="nodeEndpoints">Where leaders named in the results can be reached, or null.</param>
    /// <exception cref="InvalidOperationException">Fewer topics or partitions were written than were announced.</exception>
    public void End(int throttleTimeMs = 0, ProduceResponse.NodeEndpoint[]? nodeEndpoints = null)
    {
        _expected.End();
        if (_version >= 1)
        {
            _writer.WriteInt32(throttleTimeMs);
        }

        if (_flexible)
        {
            WriteTags(nodeEndpoints);
        }

        KafkaFrame.End(ref _writer, _start);
    }

    private void WritePartitionTags(ProduceResponse.LeaderIdAndEpoch? currentLeader)
    {
        if (_version < 10 || currentLeader is null)
        {
            _writer.WriteNoTaggedFields();
            return;
        }

        _writer.WriteUnsignedVarint(1);
        int start = _writer.BeginTaggedField(0);
        currentLeader.Write(ref _writer, _version);
        _writer.EndTaggedField(start);
    }

    private void WriteTags(ProduceResponse.NodeEndpoint[]? nodeEndpoints)
    {
        if (_version < 10 || nodeEndpoints is not { Length: > 0 })
        {
            _writer.WriteNoTaggedFields();
            return;
        }

        _writer.WriteUnsignedVarint(1);
        int start = _writer.BeginTaggedField(0);
        _writer.WriteArray(nodeEndpoints, _version, flexible: true);
        _writer.EndTaggedField(start);
    }
}
