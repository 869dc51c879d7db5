using StreamHouse.Broker.Metadata;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Mutations;
using StreamHouse.Storage.Metadata;

namespace StreamHouse.Simulation.World.Metadata;

/// <summary>The real SQL metadata store on a database in memory, whose transactions happen in one moment of virtual time.</summary>
internal sealed class SimDatabase(SimKernel kernel, SqlMetadataStore store, MutatedMetadata mutated, SimRandom random) : IAsyncDisposable
{
    public SimRandom Random => random;

    /// <summary>What is broken on purpose.</summary>
    public MutatedMetadata Mutated => mutated;

    /// <summary>How it behaves now.</summary>
    public MetadataFaults Faults { get; set; } = new();

    /// <summary>By process name, until when none of its calls arrive.</summary>
    public Dictionary<string, TimeSpan> CutOff { get; } = [];

    /// <summary>The store itself, past all faults, for checks.</summary>
    public IMetadataStore Store => store;

    /// <summary>Its tables, for checks.</summary>
    public ISqlExecutor Executor => store.Executor;

    /// <summary>Told of each call that is sent.</summary>
    public Action<SimProcess, string>? Calling { get; set; }

    /// <summary>Told of each transaction after it took effect.</summary>
    public Action<SimTransaction>? Committed { get; set; }

    public static async Task<SimDatabase> OpenAsync(SimKernel kernel, SimRandom random)
    {
        SqlMetadataStore store = await SqlMetadataStore.OpenInMemoryAsync(kernel.World.Clock, CancellationToken.None);
        return new SimDatabase(kernel, store, new MutatedMetadata(store), random);
    }

    /// <summary>Runs one transaction now.</summary>
    public T Run<T>(SimProcess caller, string name, Func<IMetadataStore, Task<T>> run, object? argument)
    {
        Task<T> done = run(store);
        if (!done.IsCompleted)
        {
            throw new InvalidOperationException($"{name} did not complete at once.");
        }
        T result = done.GetAwaiter().GetResult();
        kernel.Trace.Add("metadata", $"{name} of {caller.Name}");
        try
        {
            Committed?.Invoke(new SimTransaction(caller, name, argument, result));
        }
        catch (InvariantException e)
        {
            // Not the caller's to handle: it must not look like a failing store.
            kernel.Fail(e);
        }
        return result;
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();
}

/// <summary>A transaction that took effect.</summary>
/// <param name="Caller">Who asked for it.</param>
/// <param name="Name">The method.</param>
/// <param name="Argument">Its argument, where a check needs it.</param>
/// <param name="Result">What the store answered, whether or not the caller learns it.</param>
internal readonly record struct SimTransaction(SimProcess Caller, string Name, object? Argument, object? Result);
