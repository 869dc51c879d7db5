namespace StreamHouse.Records;

/// <summary>A header to write with a record.</summary>
/// <param name="Key">Its name, written as UTF-8. A record may have several headers of one name.</param>
/// <param name="Value">Its value, or <see langword="null"/>.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
