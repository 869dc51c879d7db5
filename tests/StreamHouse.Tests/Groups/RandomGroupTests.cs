using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Groups;

/// <summary>Members that join, fall silent, restart and leave at random; what must hold however they do.</summary>
public sealed class RandomGroupTests
{
    private const int Partitions = 8;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void No_partition_has_two_owners_and_nobody_waits_for_ever(int seed) => OneThread.Run(() => RunAsync(seed));

    private static async Task RunAsync(int seed)
    {
        Random random = new(seed);
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.FromMilliseconds(random.Next(2) * 50) });
        if (random.Next(2) == 0)
        {
            rig.Store.BeforeSave = async () => await Task.Yield();
        }
        History history = new();
        Actor[] actors = [.. Enumerable.Range(0, 10).Select(i => new Actor(rig, random, history, i))];

        for (int step = 0; step < 1500; step++)
        {
            Actor actor = actors[random.Next(actors.Length)];
            await actor.ActAsync();
            if (random.Next(5) == 0)
            {
                rig.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(4) switch { 0 => 1, 1 => 100, 2 => 1500, _ => random.Next(12_000) }));
            }
        }

        // The world heals: everybody who wants to be a member comes to rest in one generation with all partitions.
        foreach (Actor actor in actors)
        {
            actor.Heal();
        }
        // At rest means longer than a session: those who died without a word are still members until theirs ends.
        for (int round = 0, rest = 0; round < 2000 && rest < 40; round++)
        {
            rest = actors.All(a => a.IsSettled) ? rest + 1 : 0;
            foreach (Actor actor in actors)
            {
                await actor.ActAsync();
            }
            rig.Clock.Advance(TimeSpan.FromMilliseconds(500));
        }
        actors.ShouldAllBe(a => a.IsSettled, $"seed {seed}: {rig.Describe()}");
        actors.Select(a => a.Generation).Distinct().ShouldHaveSingleItem();
        actors.SelectMany(a => a.Owned).Order().ShouldBe(Enumerable.Range(0, Partitions));
        history.Generations.ShouldBeGreaterThan(5);

        foreach (Actor actor in actors)
        {
            actor.Leave();
        }
        rig.Clock.Advance(TimeSpan.FromMinutes(10));
        (rig.Coordinator.Table.Count, rig.Coordinator.Table.Watched, rig.Coordinator.Table.MemoryBytes).ShouldBe((0, 0, 0L));
        foreach (Task call in actors.SelectMany(a => a.Abandoned))
        {
            await call.WaitAsync(TimeSpan.FromSeconds(10)).ContinueWith(_ => { }, TaskScheduler.Default);
            call.IsCompleted.ShouldBeTrue();
        }
    }

    /// <summary>What all members together have seen.</summary>
    private sealed class History
    {
        private readonly Dictionary<(int Generation, int Partition), string> _owners = [];
        private readonly HashSet<int> _generations = [];

        public int Generations => _generations.Count;

        public void Synced(int generation) => _generations.Add(generation);

        public void Owns(int generation, int partition, string who)
        {
            _owners.TryGetValue((generation, partition), out string? known);
            (known ?? who).ShouldBe(who, $"Two owners of partition {partition} in generation {generation}.");
            _owners[(generation, partition)] = who;
        }
    }

    /// <summary>A client: does one thing at a time, sometimes nothing, sometimes the wrong one.</summary>
    private sealed class Actor(GroupRig rig, Random random, History history, int number) : IDisposable
    {
        private readonly string? _instance = number % 3 == 0 ? $"i{number}" : null;
        private string _memberId = "";
        private int _metadata;
        private int _lastSynced = 1;
        private bool _mayFail = true;
        private bool _isPending;
        private Task<JoinResult>? _joining;
        private Task<SyncResult>? _syncing;
        private CancellationTokenSource _connection = new();
        private JoinResult? _joined;

        public bool IsSettled { get; private set; }

        public int Generation => _joined?.Generation ?? -1;

        public List<int> Owned { get; private set; } = [];

        /// <summary>Calls whose answers nobody waits for any more.</summary>
        public List<Task> Abandoned { get; } = [];

        public void Heal() => _mayFail = false;

        public async Task ActAsync()
        {
            if (_mayFail && random.Next(12) == 0)
            {
                Fail();
                return;
            }
            if (_joining is { } joining)
            {
                if (await DoneAsync(joining))
                {
                    _joining = null;
                    OnJoined(await joining);
                }
                return;
            }
            if (_syncing is { } syncing)
            {
                if (await DoneAsync(syncing))
                {
                    _syncing = null;
                    OnSynced(await syncing);
                }
                return;
            }
            if (_joined is null)
            {
                Join();
                return;
            }
            BrokerErrorCode beat = rig.Heartbeat(_joined, _instance);
            if (beat != BrokerErrorCode.None)
            {
                Lost(beat);
            }
        }

        public void Leave()
        {
            rig.Leave(_memberId, _instance);
            Dispose();
        }

        public void Dispose() => _connection.Dispose();

        // A call that has been answered is seen as such a moment later.
        private static async Task<bool> DoneAsync(Task call)
        {
            for (int i = 0; i < 3 && !call.IsCompleted; i++)
            {
                await Task.Yield();
            }
            return call.IsCompleted;
        }

        private void Fail()
        {
            Abandoned.AddRange(new Task?[] { _joining, _syncing }.OfType<Task>());
            switch (random.Next(4))
            {
                case 0:
                    // The connection breaks; the client goes on with what it knows.
                    _connection.Cancel();
                    break;
                case 1:
                    // The process dies and is started again; the server may or may not notice.
                    if (random.Next(2) == 0)
                    {
                        _connection.Cancel();
                    }
                    _memberId = "";
                    break;
                case 2:
                    rig.Leave(_memberId, _instance);
                    _memberId = "";
                    break;
                default:
                    _metadata++;
                    break;
            }
            _connection = new CancellationTokenSource();
            _joining = null;
            _syncing = null;
            _joined = null;
            IsSettled = false;
            Owned = [];
        }

        private void Join()
        {
            JoinRequest request = GroupRig.Request(_memberId, _instance, "range,sticky", $"m{_metadata}") with { RequireMemberId = number % 2 == 0 || _isPending };
            _joining = rig.Coordinator.JoinAsync(request, _connection.Token);
        }

        private void OnJoined(JoinResult joined)
        {
            _isPending = joined.Error == BrokerErrorCode.MemberIdRequired;
            if (joined.Error != BrokerErrorCode.None)
            {
                Lost(joined.Error);
                _memberId = _isPending ? joined.MemberId : _memberId;
                return;
            }
            // A generation that nobody was given an assignment of may be counted again.
            joined.Generation.ShouldBeGreaterThanOrEqualTo(_lastSynced);
            joined.Members.Select(m => m.MemberId).ShouldBeUnique();
            _memberId = joined.MemberId;
            _joined = joined;
            List<MemberAssignment> assignments = [];
            if (joined.Members.Count > 0 && !joined.SkipAssignment)
            {
                List<byte>[] parts = [.. joined.Members.Select(_ => new List<byte>())];
                for (int p = 0; p < Partitions; p++)
                {
                    parts[(p + joined.Generation) % parts.Length].Add((byte)p);
                }
                assignments.AddRange(joined.Members.Select((m, i) => new MemberAssignment(m.MemberId, parts[i].ToArray())));
            }
            _syncing = rig.Coordinator.SyncAsync(
                new SyncRequest { Group = GroupRig.Group, Member = GroupRig.Identity(joined, _instance), Assignments = assignments }, _connection.Token);
        }

        private void OnSynced(SyncResult synced)
        {
            if (synced.Error != BrokerErrorCode.None)
            {
                Lost(synced.Error);
                return;
            }
            Owned = [.. synced.Assignment.ToArray()];
            _lastSynced = Generation;
            history.Synced(Generation);
            foreach (int partition in Owned)
            {
                // A static member's successor owns what it owned.
                history.Owns(_joined!.Generation, partition, _instance ?? _memberId);
            }
            IsSettled = true;
        }

        private void Lost(BrokerErrorCode why)
        {
            why.ShouldBeOneOf(
                BrokerErrorCode.RebalanceInProgress, BrokerErrorCode.UnknownMember, BrokerErrorCode.IllegalGeneration, BrokerErrorCode.FencedInstance,
                BrokerErrorCode.MemberIdRequired);
            IsSettled = false;
            Owned = [];
            _joined = null;
            if (why is BrokerErrorCode.UnknownMember or BrokerErrorCode.FencedInstance)
            {
                _memberId = "";
            }
        }
    }
}
