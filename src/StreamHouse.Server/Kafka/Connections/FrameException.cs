namespace StreamHouse.Server.Kafka.Connections;

/// <summary>Bytes that are no request this server can serve: the connection they came by is closed, and nothing else.</summary>
/// <param name="reason">What is wrong, for the log.</param>
internal sealed class FrameException(string reason) : Exception(reason);
