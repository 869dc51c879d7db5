using StreamHouse.Broker;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Limits under which much happens in little time.</summary>
internal static class EngineOptions
{
    public static BrokerOptions Small { get; } = new()
    {
        PooledBytesMax = 8 << 20,
        NodeLog = new NodeLogOptions { FileBytes = 256 << 10, FilesMax = 64, FrameBytesMax = 64 << 10 },
        Tail = new TailOptions { UntieredBytesMax = 16 << 20, RetainedBytesMax = 1 << 20, WaitingBytesMax = 1 << 20 },
        LocalUploads = UploadOptions.ForLocal with { FlushInterval = TimeSpan.FromSeconds(4), FlushBytes = 64 << 10 },
        Lifecycle = new LifecycleOptions
        {
            RetentionInterval = TimeSpan.FromSeconds(10),
            CollectInterval = TimeSpan.FromSeconds(20),
            OrphanScanInterval = TimeSpan.FromSeconds(45),
            OrphanAge = TimeSpan.FromMinutes(2),
        },
    };
}
