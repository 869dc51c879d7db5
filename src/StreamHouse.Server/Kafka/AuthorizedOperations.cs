namespace StreamHouse.Server.Kafka;

/// <summary>
/// What clients may do, as bits by the protocol's operation numbers. There is no authorization: everybody may do everything. The default
/// value says that nobody asked.
/// </summary>
internal static class AuthorizedOperations
{
    /// <summary>Not asked for.</summary>
    public const int NotAsked = int.MinValue;

    private const int Read = 1 << 3;
    private const int Write = 1 << 4;
    private const int Create = 1 << 5;
    private const int Delete = 1 << 6;
    private const int Alter = 1 << 7;
    private const int Describe = 1 << 8;
    private const int ClusterAction = 1 << 9;
    private const int DescribeConfigs = 1 << 10;
    private const int AlterConfigs = 1 << 11;
    private const int IdempotentWrite = 1 << 12;

    /// <summary>To a topic.</summary>
    public static int OnTopic(bool asked) => asked ? Read | Write | Create | Delete | Alter | Describe | DescribeConfigs | AlterConfigs : NotAsked;

    /// <summary>To a group.</summary>
    public static int OnGroup(bool asked) => asked ? Read | Delete | Describe : NotAsked;

    /// <summary>To the cluster.</summary>
    public static int OnCluster(bool asked) =>
        asked ? Create | Alter | Describe | ClusterAction | DescribeConfigs | AlterConfigs | IdempotentWrite : NotAsked;
}
