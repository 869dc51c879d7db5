using System.Globalization;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>Names of objects. A reader never derives meaning from a key but the object id: what counts is the manifest row.</summary>
public static class SegmentKeys
{
    private const string Extension = ".seg";
    private const int IdChars = 36;

    /// <summary>What all objects of a cluster's data begin with.</summary>
    public static string DataPrefix(Guid clusterId) => $"{clusterId:D}/data/";

    /// <summary>The object that says whose prefix this is.</summary>
    public static string Marker(Guid clusterId) => $"{clusterId:D}/cluster.json";

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
