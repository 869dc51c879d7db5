using System.Collections.Concurrent;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Client;

/// <summary>Members of a consumer group and a real server process.</summary>
public sealed class GroupConsumerTests
{
    private const string Topic = "orders";
    private const string Group = "billing";
    private const int Partitions = 6;

    // The shortest session the server allows by default.
    private static readonly GroupMemberOptions Quick = new()
    {
        SessionTimeout = TimeSpan.FromSeconds(6), HeartbeatInterval = TimeSpan.FromMilliseconds(300), AutoCommitInterval = TimeSpan.FromMilliseconds(200),
    };

    [Fact]
    public async Task Members_share_a_topic_and_take_over_from_one_that_vanishes_where_it_left_off()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic(Topic) { Partitions = Partitions });
        ConcurrentDictionary<TopicPartition, Member> owners = [];
        await using Member first = new(server.Grpc, owners, Quick);
        await using Member second = new(server.Grpc, owners, Quick);
        await UntilAsync(() => first.Partitions == Partitions / 2 && second.Partitions == Partitions / 2, "The members share evenly.");
        await ProduceAsync(client, 100);
        await UntilAsync(() => first.Count + second.Count == Partitions * 100, "All is read.");
        await UntilAsync(async () => (await CommittedAsync(client)).Values.Sum() == Partitions * 100, "All is committed.");

        // No leave: its connections are simply gone.
        await first.VanishAsync();
        await UntilAsync(() => second.Partitions == Partitions, "The other takes over.");
        await ProduceAsync(client, 10);
        await UntilAsync(() => first.Count + second.Count >= Partitions * 110, "All is read.");
        await Task.Delay(300);
        (first.Count + second.Count).ShouldBe(Partitions * 110, "What had been committed does not come again.");
        ConsumerGroupDetails group = await client.Admin.DescribeGroupAsync(Group);
        group.Members.ShouldHaveSingleItem().Assigned.Count.ShouldBe(Partitions);
        (group.State, group.Protocol).ShouldBe((ConsumerGroupState.Stable, "cooperative-sticky"));
    }

    [Theory]
    [InlineData(AssignmentStrategy.CooperativeSticky)]
    [InlineData(AssignmentStrategy.Range)]
    [InlineData(AssignmentStrategy.RoundRobin)]
    public async Task Members_that_come_and_go_under_load_read_everything_and_never_own_a_partition_twice(AssignmentStrategy strategy)
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic(Topic) { Partitions = Partitions });
        ConcurrentDictionary<TopicPartition, Member> owners = [];
        GroupMemberOptions options = Quick with { Strategies = [strategy] };
        using CancellationTokenSource stop = new();
        Task<int> producing = ProduceUntilAsync(client, stop.Token);
        List<Member> all = [];
        List<Member> active = [];
        foreach (int change in (int[])[+1, +1, +1, -1, +1, -1, -1])
        {
            if (change > 0)
            {
                Member joins = new(server.Grpc, owners, options);
                all.Add(joins);
                active.Add(joins);
            }
            else
            {
                Member leaves = active[0];
                active.RemoveAt(0);
                await leaves.DisposeAsync();
            }
            await UntilAsync(() => active.Sum(member => member.Partitions) == Partitions && active.All(member => member.Partitions > 0), "Everybody has something.");
        }
        stop.Cancel();
        int produced = await producing;
        await UntilAsync(() => all.SelectMany(member => member.Records.Keys).Distinct().Count() == produced * Partitions, "Everything is read.");
        all.SelectMany(member => member.Violations).ShouldBeEmpty();

        // All members left in order, each committing what it was done with: nothing came twice.
        all.Sum(member => member.Count).ShouldBe(produced * Partitions);
        foreach (Member member in active)
        {
            await member.DisposeAsync();
        }
        owners.ShouldBeEmpty();
        (await client.Admin.DescribeGroupAsync(Group)).State.ShouldBe(ConsumerGroupState.Empty);
        (await CommittedAsync(client)).Values.Sum().ShouldBe(produced * Partitions);
    }

    [Fact]
    public async Task Killed_server_finds_its_group_again_and_nothing_is_left_out()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-groups-").FullName;
        ServerProcess server = await ServerProcess.StartAsync(folder);
        string port = server.Grpc.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            await using StreamHouseClient client = new(server.Grpc.ToString());
            await client.Admin.CreateTopicAsync(new NewTopic(Topic) { Partitions = Partitions });
            await using Member first = new(server.Grpc, null, Quick);
            await using Member second = new(server.Grpc, null, Quick);
            await UntilAsync(() => first.Partitions == Partitions / 2 && second.Partitions == Partitions / 2, "The members share evenly.");
            using CancellationTokenSource stop = new();
            Task<int> producing = ProduceUntilAsync(client, stop.Token);
            for (int round = 0; round < 2; round++)
            {
                await Task.Delay(700);
                await server.KillAsync();
                await server.DisposeAsync();
                server = ServerProcess.Launch(folder, ["--grpc-port", port, "--http-port", "0", "--kafka-port", "0"]);
                await server.WaitUntilReadyAsync();
                await UntilAsync(
                    async () => (await client.Admin.DescribeGroupAsync(Group)) is { State: ConsumerGroupState.Stable, Members.Count: 2 } group
                        && group.Members.All(member => member.Assigned.Count == Partitions / 2),
                    "The members are back.");
            }
            stop.Cancel();
            int produced = await producing;
            await UntilAsync(
                () => first.Records.Keys.Concat(second.Records.Keys).Distinct().Count() == produced * Partitions, $"All {produced * Partitions} are read.");
            await UntilAsync(async () => (await CommittedAsync(client)).Values.Sum() == produced * Partitions, "All is committed.");
        }
        finally
        {
            await server.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ProduceAsync(StreamHouseClient client, int each)
    {
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < each; i++)
        {
            for (int partition = 0; partition < Partitions; partition++)
            {
                await producer.EnqueueAsync(Topic, default, "v"u8, partition: partition);
            }
        }
        await producer.FlushAsync();
    }

    private static async Task<int> ProduceUntilAsync(StreamHouseClient client, CancellationToken stop)
    {
        int produced = 0;
        for (; !stop.IsCancellationRequested; produced += 5)
        {
            await ProduceAsync(client, 5);
            await Task.Delay(5, CancellationToken.None);
        }
        return produced;
    }

    private static async Task<Dictionary<int, long>> CommittedAsync(StreamHouseClient client) =>
        (await client.Admin.FetchGroupOffsetsAsync(Group)).ToDictionary(offset => offset.Partition, offset => offset.Offset);

    private static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse(what);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>A member with connections of its own, that reads.</summary>
    private sealed class Member : IRebalanceListener, IAsyncDisposable
    {
        private readonly ConcurrentDictionary<TopicPartition, Member>? _owners;
        private readonly StreamHouseClient _client;
        private readonly Consumer _consumer;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _reading;
        private int _count;
        private bool _isDisposed;

        public Member(Uri server, ConcurrentDictionary<TopicPartition, Member>? owners, GroupMemberOptions options)
        {
            _owners = owners;
            _client = new StreamHouseClient(server.ToString());
            _consumer = _client.CreateConsumer(new ConsumerOptions { Group = Group, Membership = options });
            _consumer.Subscribe([Topic], this);
            _reading = ReadAsync();
        }

        public ConcurrentDictionary<(int Partition, long Offset), bool> Records { get; } = [];

        public ConcurrentQueue<string> Violations { get; } = [];

        public int Count => Volatile.Read(ref _count);

        public int Partitions => _consumer.Assignment.Count;

        public async Task VanishAsync()
        {
            _stop.Cancel();
            await _reading;
            foreach (TopicPartition partition in _consumer.Assignment)
            {
                _owners?.TryRemove(new KeyValuePair<TopicPartition, Member>(partition, this));
            }
            await _client.DisposeAsync();
        }

        public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
        {
            foreach (TopicPartition partition in partitions)
            {
                if (_owners?.TryAdd(partition, this) == false)
                {
                    Violations.Enqueue($"{partition} has two owners.");
                }
            }
            return default;
        }

        public ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => Forget(partitions);

        public ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => Forget(partitions);

        public async ValueTask DisposeAsync()
        {
            if (_isDisposed)
            {
                return;
            }
            _isDisposed = true;
            _stop.Cancel();
            await _reading;
            await _consumer.DisposeAsync();
            await _client.DisposeAsync();
        }

        private async Task ReadAsync()
        {
            try
            {
                await foreach (ConsumedRecord record in _consumer.WithCancellation(_stop.Token))
                {
                    if (_owners?.GetValueOrDefault(new TopicPartition(record.Topic, record.Partition)) is var owner && owner != this && _owners is not null)
                    {
                        Violations.Enqueue($"{record.Partition}@{record.Offset} came to one who does not own it.");
                    }
                    Records[(record.Partition, record.Offset)] = true;
                    Interlocked.Increment(ref _count);
                }
            }
            catch (OperationCanceledException)
            {
                // Enough is read.
            }
        }

        private ValueTask Forget(IReadOnlyList<TopicPartition> partitions)
        {
            foreach (TopicPartition partition in partitions)
            {
                _owners?.TryRemove(new KeyValuePair<TopicPartition, Member>(partition, this));
            }
            return default;
        }
    }
}
