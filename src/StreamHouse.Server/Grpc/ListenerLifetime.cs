namespace StreamHouse.Server.Grpc;

/// <summary>Tells the runtime's middleware when the server begins to stop; there is no host around the gRPC listener that would.</summary>
internal sealed class ListenerLifetime : IHostApplicationLifetime, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public CancellationToken ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => _stopping.Token;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();
}
