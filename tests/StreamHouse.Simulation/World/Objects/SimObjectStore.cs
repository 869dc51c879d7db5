using StreamHouse.Broker.Segments;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Objects;

/// <summary>One process's connection to the bucket, with everything that can happen between the two.</summary>
internal sealed class SimObjectStore(SimBucket bucket, SimProcess process) : IObjectStore
{
    /// <inheritdoc/>
    public string Location => "simulated bucket";

    /// <inheritdoc/>
    public async Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        byte[] bytes = Gather(content);
        ObjectFaults faults = bucket.Faults;
        if (bucket.Random.Chance(faults.LatePuts))
        {
            TimeSpan late = bucket.Random.Duration(TimeSpan.FromSeconds(1), faults.LateBy);
            _ = WorldCall.RunAsync(process, late, () => bucket.TryPut(key, bytes, process), TimeSpan.Zero);
            await CallAsync(1, static () => true, ct);
            throw new ObjectStoreException("The simulated store did not answer in time.");
        }
        if (!await CallAsync(1, () => bucket.TryPut(key, bytes, process), ct))
        {
            throw new ObjectExistsException(key);
        }
    }

    /// <inheritdoc/>
    public Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct) => CallAsync(1, () =>
    {
        SimObject found = bucket.Find(key) ?? throw new ObjectNotFoundException(key);
        int count = (int)Math.Clamp(found.Bytes.Length - position, 0, destination.Length);
        found.Bytes.AsMemory((int)Math.Min(position, found.Bytes.Length), count).CopyTo(destination);
        return count;
    }, ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct) =>
        CallAsync(bucket.Faults.ListSlowness, () =>
        {
            List<StoredObject> found = [];
            foreach ((string key, SimObject stored) in bucket.Objects)
            {
                if (found.Count == limit)
                {
                    break;
                }
                if (string.CompareOrdinal(key, after) > 0 && key.StartsWith(prefix, StringComparison.Ordinal))
                {
                    found.Add(new StoredObject(key, stored.Bytes.Length, stored.LastModified));
                }
            }
            return (IReadOnlyList<StoredObject>)found;
        }, ct);

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken ct) => CallAsync(1, () =>
    {
        bucket.Delete(key);
        return true;
    }, ct);

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => CallAsync(1, static () => true, ct);

    private async Task<T> CallAsync<T>(int slowness, Func<T> act, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        ObjectFaults faults = bucket.Faults;
        TimeSpan there = bucket.Random.Duration(faults.Latency.First, faults.Latency.Last) * slowness;
        bool before = bucket.Random.Chance(faults.FailsBefore);
        bool after = bucket.Random.Chance(faults.FailsAfter);
        Task<T> call = WorldCall.RunAsync(process, there, before ? static () => throw new ObjectStoreException("503, says the simulated store.") : act, there / 4);
        T result = await Cancellable.WaitAsync(call, ct);
        return after ? throw new ObjectStoreException("503 after the act, says the simulated store.") : result;
    }

    private static byte[] Gather(IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        byte[] bytes = new byte[content.Sum(p => p.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> piece in content)
        {
            piece.CopyTo(bytes.AsMemory(at));
            at += piece.Length;
        }
        return bytes;
    }
}
