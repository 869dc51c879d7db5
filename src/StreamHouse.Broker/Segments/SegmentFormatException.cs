namespace StreamHouse.Broker.Segments;

/// <summary>Bytes are not what the segment format says they should be. Readers turn this into an error that names the object.</summary>
/// <param name="message">What is wrong, and where.</param>
public sealed class SegmentFormatException(string message) : Exception(message);
