namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>What ends a call early: the caller's token, its deadline, or disposal.</summary>
internal sealed class CallLifetime : IDisposable
{
    private readonly CancellationTokenSource _call;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationToken _caller;
    private readonly TimeSpan? _timeout;

    public CallLifetime(string path, RpcCallOptions options, TimeProvider clock, CancellationToken caller)
    {
        Path = path;
        _caller = caller;
        _timeout = options.Timeout;
        if (options.Timeout is { } timeout)
        {
            _deadline = new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, clock);
            _call = CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline.Token);
        }
        else
        {
            _call = CancellationTokenSource.CreateLinkedTokenSource(caller);
        }
        Token = _call.Token;
    }

    public string Path { get; }

    public CancellationToken Token { get; }

    /// <summary>The exception for a call that was cut short: the caller's cancellation wins over the deadline.</summary>
    public Exception Ended(Exception cause)
    {
        if (_caller.IsCancellationRequested)
        {
            return new OperationCanceledException($"{Path} was cancelled.", cause, _caller);
        }
        return _deadline is { IsCancellationRequested: true }
            ? new RpcException(GrpcStatusCode.DeadlineExceeded, $"{Path} did not finish within {_timeout!.Value.TotalMilliseconds} ms.", cause)
            : new RpcException(GrpcStatusCode.Cancelled, $"{Path} was ended by its caller.", cause);
    }

    /// <summary>Ends the call if it still runs: the stream is reset.</summary>
    public void Dispose()
    {
        if (!_call.IsCancellationRequested)
        {
            _call.Cancel();
        }
        _call.Dispose();
        _deadline?.Dispose();
    }
}
