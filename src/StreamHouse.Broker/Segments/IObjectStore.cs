namespace StreamHouse.Broker.Segments;

/// <summary>A store of immutable objects: a local folder or a bucket. Every method may be called concurrently.</summary>
public interface IObjectStore
{
    /// <summary>Where the objects lie, for logs and status.</summary>
    string Location { get; }

    /// <summary>Stores a new object, durably, never overwriting one. Transient faults are retried inside, within the token's time.</summary>
    /// <param name="key">Slash-separated key.</param>
    /// <param name="content">The bytes, in pieces that stay unchanged until the task ends.</param>
    /// <exception cref="ObjectExistsException">The key is taken.</exception>
    /// <exception cref="ObjectStoreException">The outcome is unknown or the store refused.</exception>
    Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct);

    /// <summary>Fills <paramref name="destination"/> from <paramref name="position"/>; returns fewer bytes only at the object's end.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct);

    /// <summary>Objects under a prefix in key order, a page at a time.</summary>
    /// <param name="prefix">Only keys that start with this.</param>
    /// <param name="after">Only keys after this one; null from the start.</param>
    /// <param name="limit">1 to 1,000.</param>
    Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct);

    /// <summary>Removes an object; nothing happens when there is none.</summary>
    Task DeleteAsync(string key, CancellationToken ct);

    /// <summary>Proves that the store answers and accepts our credentials.</summary>
    /// <exception cref="ObjectStoreException">It does not; the message says what to check.</exception>
    Task CheckAsync(CancellationToken ct);
}

/// <summary>An object as listed.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="LastModified">By the store's own clock.</param>
public readonly record struct StoredObject(string Key, long Bytes, DateTimeOffset LastModified);

/// <summary>An object store refused or failed.</summary>
public class ObjectStoreException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The object does not exist.</summary>
public sealed class ObjectNotFoundException(string key, Exception? inner = null) : ObjectStoreException($"Object '{key}' does not exist.", inner)
{
    /// <summary>The missing key.</summary>
    public string Key { get; } = key;
}

/// <summary>An object of this key exists already and was left as it is.</summary>
public sealed class ObjectExistsException(string key, Exception? inner = null) : ObjectStoreException($"Object '{key}' exists already.", inner);

/// <summary>The store has no space left; the same call may succeed once there is some.</summary>
public sealed class ObjectStoreFullException(string message, Exception? inner = null) : ObjectStoreException(message, inner);
