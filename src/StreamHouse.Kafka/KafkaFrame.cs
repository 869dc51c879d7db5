namespace StreamHouse.Kafka;

/// <summary>Whole frames: length, header, body.</summary>
public static class KafkaFrame
{
    /// <summary>Bytes of the length in front of a frame; it does not count itself.</summary>
    public const int LengthBytes = sizeof(int);

    /// <summary>Appends a response with its length and header.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="version">Version of the request.</param>
    /// <param name="correlationId">From the request.</param>
    /// <param name="response">The body.</param>
    public static void WriteResponse<TResponse>(KafkaBuffer buffer, short version, int correlationId, TResponse response)
        where TResponse : IKafkaMessage<TResponse>
    {
        KafkaWriter writer = new(buffer);
        int start = BeginResponse(ref writer, TResponse.Api, version, correlationId);
        response.Write(ref writer, version);
        End(ref writer, start);
    }

    /// <summary>Appends a request with its length and header, as a client does.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="version">Version of the request.</param>
    /// <param name="correlationId">Comes back in the response.</param>
    /// <param name="clientId">What the client calls itself.</param>
    /// <param name="request">The body.</param>
    public static void WriteRequest<TRequest>(KafkaBuffer buffer, short version, int correlationId, string? clientId, TRequest request)
        where TRequest : IKafkaMessage<TRequest>
    {
        KafkaWriter writer = new(buffer);
        int start = writer.Position;
        writer.WriteInt32(0);
        new RequestHeader(TRequest.Api, version, correlationId, clientId).Write(ref writer);
        request.Write(ref writer, version);
        End(ref writer, start);
    }

    /// <summary>Begins a response whose body the caller writes next.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="key">API of the request.</param>
    /// <param name="version">Version of the request.</param>
    /// <param name="correlationId">From the request.</param>
    /// <returns>For <see cref="End"/>.</returns>
    public static int BeginResponse(ref KafkaWriter writer, ApiKey key, short version, int correlationId)
    {
        int start = writer.Position;
        writer.WriteInt32(0);
        new ResponseHeader(correlationId).Write(ref writer, key, version);
        return start;
    }

    /// <summary>Ends a frame: its length goes in front of it.</summary>
    /// <param name="writer">Where it was written.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="bytesElsewhere">Bytes of the frame that the caller sends from elsewhere.</param>
    /// <exception cref="OverflowException">The frame is larger than a length can say.</exception>
    public static void End(ref KafkaWriter writer, int start, long bytesElsewhere = 0) =>
        writer.PatchInt32(start, checked((int)(writer.Position - start - LengthBytes + bytesElsewhere)));
}
