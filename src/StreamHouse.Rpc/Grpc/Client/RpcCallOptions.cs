namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>Options of one call.</summary>
/// <param name="Timeout">The call fails with DEADLINE_EXCEEDED after this time; null waits for ever.</param>
/// <param name="Headers">Further request headers, names in lower case.</param>
public readonly record struct RpcCallOptions(TimeSpan? Timeout = null, IReadOnlyList<KeyValuePair<string, string>>? Headers = null);
