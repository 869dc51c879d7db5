using Microsoft.AspNetCore.Http.Features;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>What a handler may know of its call.</summary>
internal sealed class RpcContext : IDisposable
{
    /// <summary>HTTP/2's CANCEL.</summary>
    private const int CancelErrorCode = 8;

    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource? _linked;

    public RpcContext(HttpContext http, TimeProvider clock, CancellationToken stopping)
    {
        Http = http;
        Stopping = stopping;
        string? timeoutText = http.Request.Headers[GrpcHeaders.Timeout];
        if (timeoutText is null)
        {
            Aborted = http.RequestAborted;
            return;
        }
        if (!GrpcTimeout.TryParse(timeoutText, out TimeSpan timeout))
        {
            throw new RpcException(GrpcStatusCode.InvalidArgument, $"The header {GrpcHeaders.Timeout} is '{timeoutText}', which is not a timeout.");
        }
        _deadline = new CancellationTokenSource(timeout, clock);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _deadline.Token);
        Aborted = _linked.Token;
    }

    /// <summary>The request, for what is not in this class.</summary>
    public HttpContext Http { get; }

    /// <summary>Cancelled when the client cancels or goes away, and when the deadline has passed.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>Cancelled when the server begins to shut down: streams then end by themselves, with UNAVAILABLE.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Whether the client's deadline has passed.</summary>
    public bool DeadlineExceeded => _deadline is { IsCancellationRequested: true };

    /// <summary>
    /// While the client does not take what was written, no status can reach it: when the deadline passes then, the stream is reset.
    /// </summary>
    internal CancellationTokenRegistration ResetAtDeadline() => _deadline is null
        ? default
        : _deadline.Token.Register(static http => ((HttpContext)http!).Features.Get<IHttpResetFeature>()?.Reset(CancelErrorCode), Http);

    public void Dispose()
    {
        _linked?.Dispose();
        _deadline?.Dispose();
    }
}
