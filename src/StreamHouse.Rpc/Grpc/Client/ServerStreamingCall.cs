namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>A call with one request and many responses. For one reader; disposing ends the call.</summary>
/// <typeparam name="TResponse">The response. One that is disposable belongs to the reader.</typeparam>
public sealed class ServerStreamingCall<TResponse> : IAsyncEnumerator<TResponse>
{
    private readonly ResponseReader<TResponse> _responses;

    internal ServerStreamingCall(ResponseReader<TResponse> responses) => _responses = responses;

    /// <summary>The response read last.</summary>
    public TResponse Current => _responses.Current;

    /// <summary>Reads the next response.</summary>
    /// <returns>False when the server has ended the call with OK.</returns>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="OperationCanceledException">The call's token was cancelled.</exception>
    public ValueTask<bool> MoveNextAsync() => _responses.MoveNextAsync();

    /// <summary>Ends the call.</summary>
    public ValueTask DisposeAsync() => _responses.DisposeAsync();
}
