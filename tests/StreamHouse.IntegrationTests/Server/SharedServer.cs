using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Grpc.Client;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>One server process for all tests of a class; each makes its own topics.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    internal ServerProcess Process { get; private set; } = null!;

    internal RpcChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Process = await ServerProcess.StartAsync();
        Channel = new RpcChannel(Process.Grpc, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (Process is not null)
        {
            await Process.DisposeAsync();
        }
    }
}
