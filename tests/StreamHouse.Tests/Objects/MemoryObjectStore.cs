using System.Collections.Concurrent;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Tests.Objects;

/// <summary>Objects in memory, with hooks for tests that need a store to be slow, to fail, or to lie.</summary>
internal sealed class MemoryObjectStore : IObjectStore
{
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _modified = new(StringComparer.Ordinal);
    private int _reads;

    public string Location => "memory";

    /// <summary>Reads that reached the store.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Runs before each read: may wait or throw.</summary>
    public Func<string, long, Task>? BeforeRead { get; set; }

    /// <summary>Objects that cannot be deleted.</summary>
    public Func<string, bool>? FailDelete { get; set; }

    /// <summary>The store's own clock: what new objects are stamped with.</summary>
    public TimeProvider? Clock { get; set; }

    public byte[] this[string key]
    {
        get => _objects[key];
        set => _objects[key] = value;
    }

    public IEnumerable<string> Keys => _objects.Keys;

    public Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        if (ct.IsCancellationRequested)
        {
            return Task.FromCanceled(ct);
        }
        _modified.TryAdd(key, Clock?.GetUtcNow() ?? DateTimeOffset.UnixEpoch);
        return _objects.TryAdd(key, Join(content)) ? Task.CompletedTask : Task.FromException(new ObjectExistsException(key));
    }

    public async Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        Interlocked.Increment(ref _reads);
        if (BeforeRead is { } hook)
        {
            await hook(key, position);
        }
        if (!_objects.TryGetValue(key, out byte[]? bytes))
        {
            throw new ObjectNotFoundException(key);
        }
        int count = (int)Math.Clamp(bytes.Length - position, 0, destination.Length);
        bytes.AsSpan((int)Math.Min(position, bytes.Length), count).CopyTo(destination.Span);
        return count;
    }

    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<StoredObject>>([.. _objects
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(o.Key, after) > 0))
            .OrderBy(o => o.Key, StringComparer.Ordinal)
            .Take(limit)
            .Select(o => new StoredObject(o.Key, o.Value.Length, LastModified(o.Key)))]);

    /// <summary>What a listing says of an object.</summary>
    public void SetLastModified(string key, DateTimeOffset time) => _modified[key] = time;

    public Task DeleteAsync(string key, CancellationToken ct)
    {
        if (FailDelete?.Invoke(key) == true)
        {
            return Task.FromException(new ObjectStoreException($"{key} cannot be deleted, says the test"));
        }
        _objects.TryRemove(key, out _);
        _modified.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    public Task CheckAsync(CancellationToken ct) => Task.CompletedTask;

    private DateTimeOffset LastModified(string key) => _modified.GetValueOrDefault(key, DateTimeOffset.UnixEpoch);

    public static byte[] Join(IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        byte[] whole = new byte[content.Sum(piece => piece.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> piece in content)
        {
            piece.CopyTo(whole.AsMemory(at));
            at += piece.Length;
        }
        return whole;
    }
}
