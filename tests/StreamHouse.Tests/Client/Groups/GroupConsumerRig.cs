using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker.Groups;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;
using StreamHouse.Client.Retries;
using StreamHouse.Records;

namespace StreamHouse.Tests.Client.Groups;

/// <summary>Consumers of one group, over the real coordinator, in virtual time.</summary>
internal sealed class GroupConsumerRig
{
    public const string Topic = "orders";
    public const string Group = "billing";

    public GroupConsumerRig(int partitions)
    {
        Cluster.Topics[Topic] = partitions;
        Cluster.Groups = new FakeGroups(Cluster, Time);
    }

    public VirtualTime Time { get; } = new();

    public FakeCluster Cluster { get; } = new();

    /// <summary>Who has a partition, by what the listeners were told.</summary>
    public Dictionary<TopicPartition, GroupUser> Owners { get; } = [];

    /// <summary>Partitions that somebody got while another still had them.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>A member that reads.</summary>
    public GroupUser Join(GroupMemberOptions? membership = null, Func<ConsumerOptions, ConsumerOptions>? change = null)
    {
        ConsumerOptions options = new() { Group = Group, Membership = membership ?? new GroupMemberOptions() };
        return new GroupUser(this, change?.Invoke(options) ?? options);
    }

    public void Append(int partition, int count)
    {
        RecordBatchBuilder builder = new();
        for (int i = 0; i < count; i++)
        {
            builder.Add(Time.Now.ToUnixTimeMilliseconds(), default, "v"u8);
        }
        Cluster.Partition(Topic, partition).Append(builder.Build(RecordBatchOptions.Default).ToArray());
        Cluster.Wake();
    }

    public void Advance(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    public GroupDescription Describe() => Cluster.Groups!.Describe(Group);

    public long? Committed(int partition) => Cluster.Committed.TryGetValue((Group, Topic, partition), out long offset) ? offset : null;
}

/// <summary>A member of the group: its consumer, its network, and whoever reads from it.</summary>
internal sealed class GroupUser : IRebalanceListener, IAsyncDisposable
{
    private readonly GroupConsumerRig _rig;
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GroupUser(GroupConsumerRig rig, ConsumerOptions options)
    {
        _rig = rig;
        _free.SetResult();
        Transport = new CuttableTransport(rig.Cluster);
        Admin admin = new(new RetryingCaller(Transport, new RetryOptions(), TimeSpan.FromSeconds(15), rig.Time, new Random(1)));
        Consumer = new Consumer(Transport, admin, options, rig.Time, new Random(1), NullLogger.Instance);
        Consumer.Subscribe([GroupConsumerRig.Topic], this);
        Reading = ReadAsync();
    }

    public Consumer Consumer { get; }

    public CuttableTransport Transport { get; }

    public Task Reading { get; }

    /// <summary>Everything handed out.</summary>
    public List<(int Partition, long Offset)> Records { get; } = [];

    /// <summary>What the listener was told, such as <c>assigned 0,1</c>.</summary>
    public List<string> Told { get; } = [];

    public int[] Partitions => [.. Consumer.Assignment.Select(partition => partition.Partition)];

    /// <summary>Whether commits are made by hand in the callback.</summary>
    public bool CommitsWhenRevoked { get; set; }

    /// <summary>The next record handed out stays in the user's hand until <see cref="Free"/>.</summary>
    public void Hold() => _free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Free() => _free.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await Reading;
        await Consumer.DisposeAsync();
        _stop.Dispose();
    }

    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        Told.Add($"assigned {Names(partitions)}");
        foreach (TopicPartition partition in partitions)
        {
            // The heart of it: nobody has a partition that another has not let go of.
            if (!_rig.Owners.TryAdd(partition, this))
            {
                _rig.Violations.Add($"{partition} has two owners.");
            }
        }
        return default;
    }

    public async ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        Told.Add($"revoked {Names(partitions)}");
        if (CommitsWhenRevoked)
        {
            await Consumer.CommitAsync(ct);
        }
        Forget(partitions);
    }

    public ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        Told.Add($"lost {Names(partitions)}");
        Forget(partitions);
        return default;
    }

    /// <summary>A member that is cut off cannot know what it has lost: it owns nothing in the rig's books any more.</summary>
    public void Forget() => Forget([.. _rig.Owners.Where(owner => owner.Value == this).Select(owner => owner.Key)]);

    private void Forget(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (TopicPartition partition in partitions)
        {
            if (_rig.Owners.GetValueOrDefault(partition) == this)
            {
                _rig.Owners.Remove(partition);
            }
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (ConsumedRecord record in Consumer.WithCancellation(_stop.Token))
            {
                _rig.Owners.GetValueOrDefault(new TopicPartition(record.Topic, record.Partition)).ShouldBe(this, "A record of a partition that is not owned.");
                Records.Add((record.Partition, record.Offset));
                await _free.Task;
            }
        }
        catch (OperationCanceledException)
        {
            // The test has read enough.
        }
    }

    private static string Names(IReadOnlyList<TopicPartition> partitions) => string.Join(',', partitions.Select(partition => partition.Partition));
}
