namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Answers one request with one response. A disposable request belongs to the handler.</summary>
internal delegate ValueTask<TResponse> UnaryHandler<in TRequest, TResponse>(TRequest request, RpcContext context);

/// <summary>Answers one request with many responses; the call ends when the task does.</summary>
internal delegate Task ServerStreamingHandler<in TRequest, TResponse>(TRequest request, RpcResponses<TResponse> responses, RpcContext context);

/// <summary>Reads requests and writes responses independently; the call ends when the task does.</summary>
internal delegate Task DuplexHandler<TRequest, TResponse>(RpcRequests<TRequest> requests, RpcResponses<TResponse> responses, RpcContext context);
