using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Actors;

/// <summary>Gives a reader answers that it must never get.</summary>
public sealed class LogCursorTests
{
    private readonly object _connection = new();

    [Fact]
    public void Records_in_order_below_the_high_watermark_hold() => Run(cursor =>
    {
        cursor.Accept(Answer(highWatermark: 2, 0, 2), _connection).ShouldBe(2);
        cursor.Accept(Answer(highWatermark: 2, 0, 2), _connection).ShouldBe(0);
        cursor.Offset.ShouldBe(2);
    });

    [Fact]
    public void Records_that_are_left_out_are_noticed() => Fails("wanted 0 and got 1", cursor => cursor.Accept(Answer(highWatermark: 9, 1, 2), _connection));

    [Fact]
    public void Records_at_the_high_watermark_are_noticed() =>
        Fails("the high watermark is 1", cursor => cursor.Accept(Answer(highWatermark: 1, 0, 2), _connection));

    [Fact]
    public void A_high_watermark_that_goes_back_on_one_connection_is_noticed() => Fails("went from 5 back to 4", cursor =>
    {
        cursor.Accept(Answer(highWatermark: 5, 0, 1), _connection);
        cursor.Accept(Answer(highWatermark: 4, 1, 1), new object());
        cursor.Accept(Answer(highWatermark: 5, 2, 1), _connection);
        cursor.Accept(Answer(highWatermark: 4, 3, 1), _connection);
    });

    [Fact]
    public void An_end_below_what_was_read_is_noticed() => Fails("has read up to 2, but the log ends at 1", cursor =>
    {
        cursor.Accept(Answer(highWatermark: 2, 0, 2), _connection);
        cursor.Accept(Answer(highWatermark: 1, 0, 0) with { Error = BrokerErrorCode.OffsetOutOfRange, LogEnd = 1 }, _connection);
    });

    [Fact]
    public void A_log_start_that_nobody_asked_for_is_noticed() => Fails("nobody has asked for", cursor =>
        cursor.Accept(Answer(highWatermark: 9, 0, 0) with { Error = BrokerErrorCode.OffsetOutOfRange, LogStart = 3, LogEnd = 9 }, _connection));

    [Fact]
    public void An_error_that_no_client_can_deal_with_is_noticed()
    {
        Run(cursor => cursor.Accept(Answer(highWatermark: 0, 0, 0) with { Error = BrokerErrorCode.NotLeader }, _connection).ShouldBe(0));
        Fails("was refused at 0 with DataDamaged", cursor => cursor.Accept(Answer(highWatermark: 0, 0, 0) with { Error = BrokerErrorCode.DataDamaged }, _connection));
        Fails("was refused at 0 with UnknownTopic", cursor => cursor.Accept(Answer(highWatermark: 0, 0, 0) with { Error = BrokerErrorCode.UnknownTopic }, _connection));
    }

    private static Fetched Answer(long highWatermark, long offset, int count)
    {
        byte[] batch = [];
        if (count > 0)
        {
            long next = offset;
            batch = RecordMaker.Make("test", ref next, count, 0, 1000, new SimRandom(1), -1, 0).Bytes;
            StreamHouse.Records.RecordBatchStamp.SetOffset(batch, offset, 1);
        }
        return new Fetched(BrokerErrorCode.None, null, highWatermark, LogStart: 0, LogEnd: highWatermark, LeaderEpoch: 1, batch);
    }

    private static void Fails(string why, Action<LogCursor> act) => Run(c => Should.Throw<InvariantException>(() => act(c)).Message.ShouldContain(why));

    private static void Run(Action<LogCursor> act)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            PartitionModel log = new(new TopicPartition(new TopicId(Guid.NewGuid()), 0));
            act(new LogCursor(log, new ClientLink(world, kernel.World), "reader"));
        });
    }
}
