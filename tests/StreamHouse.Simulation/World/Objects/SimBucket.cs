using StreamHouse.Broker.Segments;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Mutations;

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

    /// <summary>What is broken on purpose.</summary>
    public Mutation Mutation { get; set; }

    /// <summary>Told of each object that is deleted, with its age.</summary>
    public Action<string, TimeSpan>? Deleted { get; set; }

    public bool TryPut(string key, byte[] bytes)
    {
        key = NameOf(key);
        if (Mutation == Mutation.ReuseObjectKeys)
        {
            _objects.Remove(key);
        }
        if (!_objects.TryAdd(key, new SimObject(bytes, kernel.World.Clock.GetUtcNow())))
        {
            return false;
        }
        kernel.Trace.Add("bucket", $"put {key}, {bytes.Length} bytes");
        return true;
    }

    /// <summary>The object of a key, or null.</summary>
    public SimObject? Find(string key) => _objects.GetValueOrDefault(NameOf(key));

    public void Delete(string key)
    {
        if (_objects.Remove(NameOf(key), out SimObject? gone))
        {
            kernel.Trace.Add("bucket", $"deleted {key}");
            Deleted?.Invoke(key, kernel.World.Clock.GetUtcNow() - gone.LastModified);
        }
    }

    // Broken: without the id that makes each name new.
    private string NameOf(string key) =>
        Mutation == Mutation.ReuseObjectKeys && SegmentKeys.TryParseObjectId(key, out Guid id) ? key.Replace(id.ToString("D"), "x", StringComparison.Ordinal) : key;
}

/// <summary>A stored object.</summary>
internal sealed record SimObject(byte[] Bytes, DateTimeOffset LastModified);
