namespace StreamHouse.Server.Grpc.Runtime;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Path} failed.")]
    public static partial void HandlerFailed(ILogger logger, string path, Exception exception);
}
