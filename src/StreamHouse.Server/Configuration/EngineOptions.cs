using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Server.Configuration;

/// <summary>The engine's options, put together from the sections they are set in.</summary>
internal static class EngineOptions
{
    public static BrokerOptions From(ServerSettings settings) => settings.Get<BrokerOptions>() with
    {
        Tail = settings.Get<TailOptions>(),
        NodeLog = settings.Get<NodeLogOptions>(),
        LocalUploads = settings.Get<UploadOptions>("LocalUploads"),
        ObjectUploads = settings.Get<UploadOptions>("ObjectUploads"),
        Manifest = settings.Get<ManifestCacheOptions>(),
        SegmentCache = settings.Get<SegmentCacheOptions>(),
        Fetch = settings.Get<FetchOptions>(),
        Topics = settings.Get<TopicOptions>(),
        Groups = settings.Get<GroupOptions>(),
        Lifecycle = settings.Get<LifecycleOptions>(),
    };
}
