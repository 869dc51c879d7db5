namespace StreamHouse.Broker.Diagnostics;

/// <summary>Tags made once per enum value: recording a measurement must not allocate.</summary>
internal static class MetricTags
{
    private static readonly KeyValuePair<string, object?>[] FrontEnds = Make("front_end", Enum.GetValues<FrontEnd>());
    private static readonly KeyValuePair<string, object?>[] Codes = Make("code", Enum.GetValues<BrokerErrorCode>());
    private static readonly KeyValuePair<string, object?>[] Durabilities = Make("durability", Enum.GetValues<Partitions.AckDurability>());
    private static readonly KeyValuePair<string, object?>[] Sources = Make("source", Enum.GetValues<ReadSource>());
    private static readonly KeyValuePair<string, object?>[] Operations = Make("operation", Enum.GetValues<ObjectStoreOperation>());

    private static readonly KeyValuePair<string, object?>[] GroupStates = Make("state", Enum.GetValues<Groups.GroupState>());

    /// <summary>States of groups that have members.</summary>
    public static Groups.GroupState[] LiveGroups { get; } =
        [Groups.GroupState.PreparingRebalance, Groups.GroupState.CompletingRebalance, Groups.GroupState.Stable];

    public static KeyValuePair<string, object?> Succeeded { get; } = new("outcome", "succeeded");

    public static KeyValuePair<string, object?> Failed { get; } = new("outcome", "failed");

    public static KeyValuePair<string, object?> Of(FrontEnd value) => FrontEnds[(int)value];

    public static KeyValuePair<string, object?> Of(BrokerErrorCode value) => Codes[(int)value];

    public static KeyValuePair<string, object?> Of(Partitions.AckDurability value) => Durabilities[(int)value];

    public static KeyValuePair<string, object?> Of(ReadSource value) => Sources[(int)value];

    public static KeyValuePair<string, object?> Of(ObjectStoreOperation value) => Operations[(int)value];

    public static KeyValuePair<string, object?> Of(Groups.GroupState value) => GroupStates[(int)value];

    // Enum values here are dense from 0, so that the value is the index.
    private static KeyValuePair<string, object?>[] Make<T>(string name, T[] values)
        where T : struct, Enum =>
        Array.ConvertAll(values, v => new KeyValuePair<string, object?>(name, SnakeCase(v.ToString())));

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
