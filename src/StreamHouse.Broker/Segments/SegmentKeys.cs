using System.Globalization;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>Names of objects. A reader never derives meaning from a key but the object id: what counts is the manifest row.</summary>
public static class SegmentKeys
{
    private const string Extension = ".seg";
    private const string MilestoneExtension = ".json";
    private const int IdChars = 36;
    private const int NumberDigits = 20;

    /// <summary>What all objects of a cluster's data begin with.</summary>
    public static string DataPrefix(Guid clusterId) => $"{clusterId:D}/data/";

    /// <summary>The object that says whose prefix this is.</summary>
    public static string Marker(Guid clusterId) => $"{clusterId:D}/cluster.json";

    /// <summary>What all milestones of a cluster begin with; their keys are in the order of their numbers.</summary>
    public static string MilestonePrefix(Guid clusterId) => $"{clusterId:D}/history/";

    /// <summary>Key of a milestone.</summary>
    public static string Milestone(Guid clusterId, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{MilestonePrefix(clusterId)}{number:D20}{MilestoneExtension}");

    /// <summary>The number that ends a milestone's key.</summary>
    /// <returns>False when the key is not a milestone's.</returns>
    public static bool TryParseMilestone(string key, out long number)
    {
        ArgumentNullException.ThrowIfNull(key);
        number = 0;
        return key.Length > NumberDigits + MilestoneExtension.Length
            && key.EndsWith(MilestoneExtension, StringComparison.Ordinal)
            && long.TryParse(
                key.AsSpan(key.Length - MilestoneExtension.Length - NumberDigits, NumberDigits), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Key of an object that holds one slice.</summary>
    public static string Single(Guid clusterId, TopicPartition partition, long baseOffset, Guid objectId) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clusterId:D}/data/{partition.Topic.Value:N}/{partition.Partition}/{baseOffset:D20}-{objectId:D}{Extension}");

    /// <summary>Key of an object that holds slices of several partitions.</summary>
    public static string Mixed(Guid clusterId, DateTimeOffset created, Guid objectId) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clusterId:D}/data/mixed/{created.UtcDateTime:yyyy'/'MM'/'dd}/{objectId:D}{Extension}");

    /// <summary>The object id that ends a segment's key.</summary>
    /// <returns>False when the key is not a segment's.</returns>
    public static bool TryParseObjectId(string key, out Guid objectId)
    {
        ArgumentNullException.ThrowIfNull(key);
        objectId = default;
        return key.Length > IdChars + Extension.Length
            && key.EndsWith(Extension, StringComparison.Ordinal)
            && key[^(IdChars + Extension.Length + 1)] is '-' or '/'
            && Guid.TryParseExact(key.AsSpan(key.Length - IdChars - Extension.Length, IdChars), "D", out objectId);
    }
}
