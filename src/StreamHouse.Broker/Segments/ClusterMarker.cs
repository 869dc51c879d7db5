using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// <c>{clusterId}/cluster.json</c>: says which cluster owns a prefix of an object store, so that a wrong bucket, a second server or a lost
/// metadata file is met at the start, and never looks like a store full of orphans.
/// </summary>
public static class ClusterMarker
{
    private const int FormatVersion = 1;
    private const int MarkerBytesMax = 64 * 1024;
    private const int PrefixesMax = 1000;

    /// <summary>Holds the store against the cluster's id; writes the marker when both are new.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="clusterId">The id in the metadata.</param>
    /// <param name="manifestHasObjects">Whether the metadata refers to objects: then they must be here.</param>
    /// <param name="allowOtherClusters">Lets a new cluster share the store with others, under its own prefix.</param>
    /// <param name="now">For the marker.</param>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: store and metadata do not belong together; the message says what to check.</exception>
    /// <exception cref="ObjectStoreException">The store does not answer.</exception>
    public static async Task VerifyOrCreateAsync(
        IObjectStore store, Guid clusterId, bool manifestHasObjects, bool allowOtherClusters, DateTimeOffset now, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        string key = SegmentKeys.Marker(clusterId);
        if (await ReadAsync(store, key, ct) is { } found)
        {
            if (found != clusterId)
            {
                throw Refuse($"'{key}' in {store.Location} names cluster {found:D}, not {clusterId:D}. Somebody changed it; restore it.");
            }
            return;
        }
        if (manifestHasObjects)
        {
            throw Refuse(
                $"The metadata of cluster {clusterId:D} refers to objects, but {store.Location} has no '{key}'. "
                + "It is the wrong bucket or folder, or it was emptied; correct the address, or restore the objects.");
        }
        if (await store.ListAsync($"{clusterId:D}/", null, 1, ct) is [StoredObject unexpected, ..])
        {
            if (await ReadAsync(store, key, ct) == clusterId)
            {
                // Another process of this cluster starts at the same time, and has just written it.
                return;
            }
            throw Refuse($"{store.Location} has '{unexpected.Key}' but no '{key}'. The marker was removed; restore it before the cluster is started.");
        }
        if (!allowOtherClusters && await FindOtherAsync(store, clusterId, ct) is { } other)
        {
            throw Refuse(
                $"The metadata is new (cluster {clusterId:D}), but {store.Location} holds cluster {other:D}. Was its metadata lost? Restore the metadata "
                + "file, or use another bucket or folder. If two clusters are really to share this one, allow that in the options.");
        }
        await CreateAsync(store, key, clusterId, now, ct);
    }

    private static async Task CreateAsync(IObjectStore store, string key, Guid clusterId, DateTimeOffset now, CancellationToken ct)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("version", FormatVersion);
            json.WriteString("clusterId", clusterId.ToString("D"));
            json.WriteString("createdAt", now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }
        try
        {
            await store.PutAsync(key, [output.WrittenMemory], ct);
        }
        catch (ObjectExistsException)
        {
            // Another process of this cluster starts at the same time and was faster.
            if (await ReadAsync(store, key, ct) != clusterId)
            {
                throw Refuse($"'{key}' in {store.Location} was just written by another cluster.");
            }
        }
    }

    // Goes from one top-level prefix to the next, not from object to object.
    private static async Task<Guid?> FindOtherAsync(IObjectStore store, Guid clusterId, CancellationToken ct)
    {
        string? after = null;
        for (int i = 0; i < PrefixesMax; i++)
        {
            if (await store.ListAsync("", after, 1, ct) is not [StoredObject first, ..])
            {
                return null;
            }
            string prefix = first.Key.Split('/', 2)[0];
            if (Guid.TryParseExact(prefix, "D", out Guid id) && id != clusterId && await HoldsClusterAsync(store, id, ct))
            {
                return id;
            }

            // '0' follows '/': this key is after all that begin with the prefix and a slash.
            after = prefix.Length == first.Key.Length ? first.Key : prefix + "0";
        }
        return null;
    }

    private static async Task<bool> HoldsClusterAsync(IObjectStore store, Guid id, CancellationToken ct) =>
        await store.ListAsync(SegmentKeys.Marker(id), null, 1, ct) is [_, ..] || await store.ListAsync(SegmentKeys.DataPrefix(id), null, 1, ct) is [_, ..];

    private static async Task<Guid?> ReadAsync(IObjectStore store, string key, CancellationToken ct)
    {
        byte[] bytes = new byte[MarkerBytesMax];
        int length;
        try
        {
            length = await store.ReadAsync(key, 0, bytes, ct);
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(0, length));
            int version = json.RootElement.GetProperty("version").GetInt32();
            return version == FormatVersion
                ? json.RootElement.GetProperty("clusterId").GetGuid()
                : throw Refuse($"'{key}' in {store.Location} is a cluster marker of version {version}; this software knows version {FormatVersion}. Use newer software.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new BrokerException(BrokerErrorCode.DataDamaged, $"'{key}' in {store.Location} is not a cluster marker. Restore it.", e);
        }
    }

    private static BrokerException Refuse(string message) => new(BrokerErrorCode.DataDamaged, message);
}
