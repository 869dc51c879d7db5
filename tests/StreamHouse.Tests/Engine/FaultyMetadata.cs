using System.Reflection;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

/// <summary>The real metadata store, except that commits can fail before or after they happen.</summary>
// Not sealed: the proxy derives from it.
#pragma warning disable CA1852
internal class FaultyMetadata : DispatchProxy
{
    private IMetadataStore _inner = null!;

    /// <summary>Commits that will report an unknown outcome, and whether they happen all the same.</summary>
    public (int Times, bool AfterTheAct) LostReplies { get; set; }

    /// <summary>Nothing is answered.</summary>
    public bool Unavailable { get; set; }

    /// <summary>Name of the method whose next call happens, but whose answer is lost.</summary>
    public string? LosesReplyOf { get; set; }

    /// <summary>Runs once, before the manifest is next read.</summary>
    public Func<Task>? BeforeList { get; set; }

    /// <summary>Runs before each commit.</summary>
    public Func<ObjectCommit, Task>? BeforeCommit { get; set; }

    /// <summary>A read of leases that has begun cannot be cancelled, as one on a thread that hangs.</summary>
    public bool LeaseReadsIgnoreCancellation { get; set; }

    /// <summary>Runs before each read of lease rows.</summary>
    public Func<Task>? BeforeLeaseRead { get; set; }

    /// <summary>Runs after each read of lease rows, before its answer.</summary>
    public Func<Task>? AfterLeaseRead { get; set; }

    /// <summary>Reads of lease rows asked for.</summary>
    public List<IReadOnlyCollection<TopicPartition>> LeaseReads { get; } = [];

    /// <summary>Completed by a test for whom the store is not to be trusted any more.</summary>
    public TaskCompletionSource<Exception> Failing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs after a topic has been created, before its creator hears of it.</summary>
    public Func<Task>? AfterCreate { get; set; }

    /// <summary>Commits asked for.</summary>
    public List<ObjectCommit> Commits { get; } = [];

    public static FaultyMetadata Over(IMetadataStore inner)
    {
        FaultyMetadata proxy = (FaultyMetadata)(object)Create<IMetadataStore, FaultyMetadata>();
        proxy._inner = inner;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == $"get_{nameof(IClusterStore.Failed)}")
        {
            return Failing.Task;
        }
        if (Unavailable)
        {
            throw new MetadataUnavailableException("unavailable, says the test");
        }
        if (targetMethod.Name == nameof(IManifestStore.CommitAsync))
        {
            return CommitAsync((ObjectCommit)args![0]!, (CancellationToken)args[1]!);
        }
        if (targetMethod.Name == nameof(ILeaseStore.ReadLeasesAsync) && LosesReplyOf is null)
        {
            return ReadLeasesAsync((IReadOnlyCollection<TopicPartition>)args![0]!, (CancellationToken)args[1]!);
        }
        if (targetMethod.Name == nameof(IManifestStore.ListSegmentsAsync) && BeforeList is { } hook)
        {
            BeforeList = null;
            return ListAfterAsync(hook, (TopicPartition)args![0]!, (long)args[1]!, (int)args[2]!, (CancellationToken)args[3]!);
        }
        if (targetMethod.Name == nameof(ITopicStore.CreateTopicAsync) && AfterCreate is { } created)
        {
            return CreateAsync((TopicDescription)args![0]!, created, (CancellationToken)args[1]!);
        }
        try
        {
            object? answer = targetMethod.Invoke(_inner, args);
            if (targetMethod.Name == LosesReplyOf)
            {
                LosesReplyOf = null;
                return answer switch
                {
                    Task<IReadOnlyList<Lease>> leases => LoseAsync(leases),
                    Task<long?> logStart => LoseAsync(logStart),
                    _ => LoseAsync((Task)answer!),
                };
            }
            return answer;
        }
        catch (TargetInvocationException e)
        {
            throw e.InnerException!;
        }
    }

    private async Task<IReadOnlyList<Lease>> ReadLeasesAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct)
    {
        (Func<Task>? before, Func<Task>? after) = (BeforeLeaseRead, AfterLeaseRead);
        lock (LeaseReads)
        {
            LeaseReads.Add(partitions);
        }
        await (before?.Invoke() ?? Task.CompletedTask).WaitAsync(LeaseReadsIgnoreCancellation ? CancellationToken.None : ct);
        IReadOnlyList<Lease> rows = await _inner.ReadLeasesAsync(partitions, ct);
        await (after?.Invoke() ?? Task.CompletedTask).WaitAsync(ct);
        return rows;
    }

    private async Task<IReadOnlyList<SegmentRow>> ListAfterAsync(Func<Task> hook, TopicPartition partition, long from, int limit, CancellationToken ct)
    {
        await hook();
        return await _inner.ListSegmentsAsync(partition, from, limit, ct);
    }

    private static async Task<T> LoseAsync<T>(Task<T> act)
    {
        await act;
        throw new MetadataUnavailableException("the reply was lost, says the test");
    }

    private static async Task LoseAsync(Task act)
    {
        await act;
        throw new MetadataUnavailableException("the reply was lost, says the test");
    }

    private async Task CreateAsync(TopicDescription topic, Func<Task> created, CancellationToken ct)
    {
        await _inner.CreateTopicAsync(topic, ct);
        await created().WaitAsync(ct);
    }

    private async Task<IReadOnlyList<SliceOutcome>> CommitAsync(ObjectCommit commit, CancellationToken ct)
    {
        lock (Commits)
        {
            Commits.Add(commit);
        }
        if (BeforeCommit is { } hook)
        {
            await hook(commit);
        }
        (int times, bool after) = LostReplies;
        if (times == 0)
        {
            return await _inner.CommitAsync(commit, ct);
        }
        LostReplies = (times - 1, after);
        if (after)
        {
            await _inner.CommitAsync(commit, ct);
        }
        throw new MetadataUnavailableException("the reply was lost, says the test");
    }
}
