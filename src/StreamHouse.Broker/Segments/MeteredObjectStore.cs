using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.Segments;

/// <summary>Measures every call to an object store.</summary>
/// <param name="inner">The store.</param>
/// <param name="metrics">Told of duration and outcome.</param>
/// <param name="clock">For the duration.</param>
public sealed class MeteredObjectStore(IObjectStore inner, BrokerMetrics metrics, TimeProvider clock) : IObjectStore
{
    /// <inheritdoc/>
    public string Location => inner.Location;

    /// <inheritdoc/>
    public Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct) =>
        MeasureAsync(ObjectStoreOperation.Put, inner.PutAsync(key, content, ct));

    /// <inheritdoc/>
    public async Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        Task<int> read = inner.ReadAsync(key, position, destination, ct);
        await MeasureAsync(ObjectStoreOperation.Read, read);
        return await read;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct)
    {
        Task<IReadOnlyList<StoredObject>> listed = inner.ListAsync(prefix, after, limit, ct);
        await MeasureAsync(ObjectStoreOperation.List, listed);
        return await listed;
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken ct) => MeasureAsync(ObjectStoreOperation.Delete, inner.DeleteAsync(key, ct));

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => MeasureAsync(ObjectStoreOperation.Check, inner.CheckAsync(ct));

    private async Task MeasureAsync(ObjectStoreOperation operation, Task call)
    {
        long began = clock.GetTimestamp();
        bool succeeded = false;
        try
        {
            await call;
            succeeded = true;
        }
        finally
        {
            metrics.ObjectStoreAnswered(operation, succeeded, clock.GetElapsedTime(began));
        }
    }
}
