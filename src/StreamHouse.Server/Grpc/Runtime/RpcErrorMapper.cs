using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Turns a handler's exception into the status its call ends with; null leaves it to the runtime.</summary>
internal delegate RpcException? RpcErrorMapper(Exception exception);
