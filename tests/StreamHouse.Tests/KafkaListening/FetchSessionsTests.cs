using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Fetching;
using StreamHouse.Tests.Kafka;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>The table of all fetch sessions, used by many connections at once.</summary>
public sealed class FetchSessionsTests
{
    private const short Version = 12;
    private const int Threads = 8;

    [Fact]
    public void Many_clients_at_once_take_room_from_each_other_and_never_mix()
    {
        const int SessionsMax = 20;
        FetchSessions sessions = new(
            new KafkaOptions { FetchSessionsMax = SessionsMax, FetchSessionPartitionsMax = 60, FetchSessionIdleTimeout = TimeSpan.Zero }, TimeProvider.System);
        List<int>[] begun = [.. Enumerable.Range(0, Threads).Select(_ => new List<int>())];
        int continued = 0;
        InParallel(thread =>
        {
            for (int round = 0; round < 300; round++)
            {
                int partition = (thread * 1000) + round;
                FetchPlan full = sessions.Begin(Request(0, 0, partition), usesTopicIds: false);
                Partitions(full).ShouldBe([partition]);
                if (full.SessionId == 0)
                {
                    continue;
                }
                begun[thread].Add(full.SessionId);
                for (int epoch = 1; epoch < 6; epoch++)
                {
                    FetchPlan next = sessions.Begin(Request(full.SessionId, epoch, epoch == 1 ? [partition + 500_000] : []), usesTopicIds: false);
                    if (next.Error == KafkaErrorCode.FetchSessionIdNotFound)
                    {
                        break;
                    }
                    next.Error.ShouldBe(KafkaErrorCode.None);
                    Partitions(next).Order().ShouldBe([partition, partition + 500_000]);
                    next.Session!.Tell(next.Partitions[0].State, new FetchPartitionResult { HighWatermark = epoch }).ShouldBeTrue();
                    next.Session.EndTurnAt(next.Partitions[0].State);
                    Interlocked.Increment(ref continued);
                }
                sessions.Count.ShouldBeLessThanOrEqualTo(SessionsMax);
                sessions.Partitions.ShouldBeLessThanOrEqualTo(60 + Threads, "each thread may be between adding a partition and counting it");
            }
        });

        continued.ShouldBeGreaterThan(Threads * 10);
        foreach (int id in begun.SelectMany(b => b))
        {
            sessions.Begin(Request(id, -1), usesTopicIds: false);
        }
        (sessions.Count, sessions.Partitions).ShouldBe((0, 0));
    }

    [Fact]
    public void One_fetch_of_an_epoch_wins_however_many_come_at_once()
    {
        const int Epochs = 500;
        FetchSessions sessions = new(new KafkaOptions(), TimeProvider.System);
        FetchPlan full = sessions.Begin(Request(0, 0, 1), usesTopicIds: false);
        int[] wins = new int[Epochs + 1];
        using Barrier together = new(Threads);
        InParallel(thread =>
        {
            for (int epoch = 1; epoch <= Epochs; epoch++)
            {
                together.SignalAndWait();
                FetchPlan plan = sessions.Begin(Request(full.SessionId, epoch, thread + 2), usesTopicIds: false);
                if (plan.Error == KafkaErrorCode.None)
                {
                    Interlocked.Increment(ref wins[epoch]);
                }
                else
                {
                    plan.Error.ShouldBe(KafkaErrorCode.InvalidFetchSessionEpoch);
                }
            }
        });

        wins.Skip(1).ShouldAllBe(w => w == 1);
        FetchPlan last = sessions.Begin(Request(full.SessionId, Epochs + 1), usesTopicIds: false);
        sessions.Partitions.ShouldBe(last.Partitions.Length, "what is counted is what is there");
    }

    [Fact]
    public void Session_used_longest_ago_makes_room_and_one_in_use_does_not()
    {
        ManualTimeProvider clock = new();
        FetchSessions sessions = new(new KafkaOptions { FetchSessionsMax = 2, FetchSessionIdleTimeout = TimeSpan.FromMinutes(2) }, clock);
        int first = sessions.Begin(Request(0, 0, 1), usesTopicIds: false).SessionId;
        clock.Advance(TimeSpan.FromMinutes(1));
        int second = sessions.Begin(Request(0, 0, 2), usesTopicIds: false).SessionId;
        clock.Advance(TimeSpan.FromMinutes(1));
        sessions.Begin(Request(first, 1), usesTopicIds: false).Error.ShouldBe(KafkaErrorCode.None);
        sessions.Begin(Request(0, 0, 3), usesTopicIds: false).SessionId.ShouldBe(0, "the second was used a minute ago");
        clock.Advance(TimeSpan.FromMinutes(1));

        sessions.Begin(Request(0, 0, 3), usesTopicIds: false).SessionId.ShouldBeGreaterThan(0);

        sessions.Begin(Request(second, 1), usesTopicIds: false).Error.ShouldBe(KafkaErrorCode.FetchSessionIdNotFound);
        sessions.Begin(Request(first, 2), usesTopicIds: false).Error.ShouldBe(KafkaErrorCode.None);
    }

    private static IEnumerable<int> Partitions(FetchPlan plan) => plan.Partitions.Select(p => p.State.Key.Partition);

    private static FetchRequestView Request(int session, int epoch, params int[] partitions)
    {
        FetchRequest request = new()
        {
            MaxBytes = 1 << 20, SessionId = session, SessionEpoch = epoch,
            Topics = partitions.Length == 0 ? [] :
            [
                new FetchRequest.Topic { Name = "t", Partitions = [.. partitions.Select(p => new FetchRequest.Partition { PartitionIndex = p })] },
            ],
        };
        KafkaReader reader = new(new MessageCodec<FetchRequest>().Write(request, Version));
        FetchRequestView view = new();
        view.Read(ref reader, Version);
        return view;
    }

    private static void InParallel(Action<int> work)
    {
        Exception?[] failures = new Exception?[Threads];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(() =>
        {
            try
            {
                work(i);
            }
            catch (Exception e)
            {
                failures[i] = e;
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        failures.ShouldAllBe(f => f == null);
    }
}
