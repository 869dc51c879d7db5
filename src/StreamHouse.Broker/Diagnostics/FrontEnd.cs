namespace StreamHouse.Broker.Diagnostics;

/// <summary>Which protocol a request came in by.</summary>
public enum FrontEnd
{
    /// <summary>The Kafka wire protocol.</summary>
    Kafka,

    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>The HTTP API.</summary>
    Http,
}
