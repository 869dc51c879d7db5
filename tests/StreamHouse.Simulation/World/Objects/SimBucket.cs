using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Objects;

/// <summary>The objects themselves. Nothing is ever overwritten.</summary>
internal sealed class SimBucket(SimKernel kernel, SimRandom random)
{
    private readonly SortedDictionary<string, SimObject> _objects = new(StringComparer.Ordinal);

    public SimRandom Random => random;

    public SimKernel Kernel => kernel;

    /// <summary>How it behaves now.</summary>
    public ObjectFaults Faults { get; set; } = new();

    public IReadOnlyDictionary<string, SimObject> Objects => _objects;

    /// <summary>Told of each object that is deleted, with its age.</summary>
    public Action<string, TimeSpan>? Deleted { get; set; }

    /// <summary>Told of each object that is stored, with who asked for it.</summary>
    public Action<SimProcess>? Stored { get; set; }

    public bool TryPut(string key, byte[] bytes, SimProcess by)
    {
        if (!_objects.TryAdd(key, new SimObject(bytes, kernel.World.Clock.GetUtcNow())))
        {
            return false;
        }
        kernel.Trace.Add("bucket", $"put {key}, {bytes.Length} bytes");
        Stored?.Invoke(by);
        return true;
    }

    /// <summary>The object of a key, or null.</summary>
    public SimObject? Find(string key) => _objects.GetValueOrDefault(key);

    public void Delete(string key)
    {
        if (_objects.Remove(key, out SimObject? gone))
        {
            kernel.Trace.Add("bucket", $"deleted {key}");
            Deleted?.Invoke(key, kernel.World.Clock.GetUtcNow() - gone.LastModified);
        }
    }
}

/// <summary>A stored object.</summary>
internal sealed record SimObject(byte[] Bytes, DateTimeOffset LastModified);
