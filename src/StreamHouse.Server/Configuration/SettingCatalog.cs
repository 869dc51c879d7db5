using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;
using StreamHouse.Server.Grpc.Consuming;
using StreamHouse.Server.Grpc.Producing;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Http;
using StreamHouse.Server.Kafka;
using StreamHouse.Storage.Metadata.Sqlite;
using StreamHouse.Storage.Objects;

namespace StreamHouse.Server.Configuration;

/// <summary>Every option record the server binds, and the names under which their settings are known.</summary>
internal static class SettingCatalog
{
    /// <summary>All sections, in the order of the documentation.</summary>
    public static IReadOnlyList<OptionSection> Sections { get; } =
    [
        OptionSection.Of<ServerOptions>(""),
        OptionSection.Of<KafkaOptions>("Kafka"),
        OptionSection.Of<RpcServerOptions>("Grpc"),
        OptionSection.Of<ProduceOptions>("Produce"),
        OptionSection.Of<ConsumeOptions>("Consume"),
        OptionSection.Of<HttpApiOptions>("Http"),
        OptionSection.Of<BrokerOptions>("Broker"),
        OptionSection.Of<TopicOptions>("Topics"),
        OptionSection.Of<GroupOptions>("Groups"),
        OptionSection.Of<TailOptions>("Tail"),
        OptionSection.Of<FetchOptions>("Fetch"),
        new("NodeLog", static () => new NodeLogOptions()) { Problems = static o => ProblemOf(((NodeLogOptions)o).Validate) },
        new("LocalUploads", static () => UploadOptions.ForLocal),
        new("ObjectUploads", static () => UploadOptions.ForObject),
        OptionSection.Of<ManifestCacheOptions>("Manifest"),
        OptionSection.Of<LifecycleOptions>("Lifecycle"),
        new("SegmentCache", static () => new SegmentCacheOptions()) { Problems = static o => ((SegmentCacheOptions)o).Validate() },
        new("Metadata", static () => new SqliteOptions { Path = "metadata.db" }) { Hidden = [nameof(SqliteOptions.Path)] },
        new("Objects", static () => new FolderStoreOptions { Path = "objects" })
        {
            Hidden = [nameof(FolderStoreOptions.Path)],
            Problems = static o => ((FolderStoreOptions)o).Validate(),
        },
        new("S3", static () => new S3StoreOptions { Bucket = "" })
        {
            // Without a bucket there is nothing to check: the variables may be another tool's.
            Problems = static o => ((S3StoreOptions)o) is { Bucket.Length: > 0 } bucket ? bucket.Validate() : [],
        },
    ];

    /// <summary>All settings.</summary>
    public static IReadOnlyList<Setting> All { get; } = [.. Sections.SelectMany(Setting.Of)];

    /// <summary>Variables that are understood beside each setting's own, because other tools use them.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentAliases { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["STREAMHOUSE_BUCKET"] = "S3:Bucket",
        ["AWS_ENDPOINT_URL"] = "S3:EndpointUrl",
        ["AWS_REGION"] = "S3:Region",
        ["AWS_ACCESS_KEY_ID"] = "S3:AccessKeyId",
        ["AWS_SECRET_ACCESS_KEY"] = "S3:SecretAccessKey",
        ["AWS_ALLOW_HTTP"] = "S3:AllowHttp",
    };

    /// <summary>Variables that begin with STREAMHOUSE_ and belong to other programs of this project.</summary>
    public static IReadOnlySet<string> ForeignVariables { get; } = new HashSet<string>(StringComparer.Ordinal) { "STREAMHOUSE_ADDR", "STREAMHOUSE_SIM_SEED" };

    /// <summary>A setting by key, ignoring case; null when there is none.</summary>
    public static Setting? Find(string key) => All.FirstOrDefault(s => s.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> ProblemOf(Action validate)
    {
        try
        {
            validate();
            return [];
        }
        catch (ArgumentException e)
        {
            return [e.Message];
        }
    }
}
