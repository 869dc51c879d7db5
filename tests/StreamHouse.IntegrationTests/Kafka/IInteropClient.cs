namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A client of the server, be it ours or another's.</summary>
internal interface IInteropClient
{
    /// <summary>Its name, usable in a topic's.</summary>
    public string Name { get; }

    /// <summary>Compression it can write: <c>none</c>, <c>gzip</c>, <c>snappy</c>, <c>lz4</c>, <c>zstd</c>.</summary>
    public IReadOnlyList<string> Codecs { get; }

    /// <summary>Whether topics come to be when it writes to them.</summary>
    public bool CreatesTopics { get; }

    /// <summary>Whether its interface can express this record.</summary>
    public bool CanWrite(InteropRecord record);

    /// <summary>Writes to partition 0, in order, and returns when all is acknowledged.</summary>
    public Task ProduceAsync(string topic, string codec, IReadOnlyList<InteropRecord> records);

    /// <summary>Reads partition 0 of each topic, from offset 0 until it has as many records as said.</summary>
    public Task<IReadOnlyDictionary<string, List<ReadRecord>>> ConsumeAsync(IReadOnlyDictionary<string, int> topics);

    /// <summary>How <see cref="ConsumeAsync"/> describes a record that it reads unchanged.</summary>
    public string Describe(InteropRecord record) => record.Describe();
}
