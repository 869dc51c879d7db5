using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Tells the model of what clients know things that cannot all be true.</summary>
public sealed class LogModelTests
{
    private readonly LogModel _all = new();
    private readonly PartitionModel _log;

    public LogModelTests() => _log = _all[new TopicPartition(new TopicId(Guid.NewGuid()), 1)];

    [Fact]
    public void The_same_record_at_the_same_offset_is_learnt_again_and_acknowledged_later()
    {
        _log.Learn(5, 50, acknowledged: false, "a reader");
        _log.Learn(5, 50, acknowledged: true, "its producer");
        _log.Known[5].Acknowledged.ShouldBeTrue();
    }

    [Fact]
    public void Another_record_at_a_known_offset_is_noticed()
    {
        _log.Learn(5, 50, acknowledged: true, "one");
        Fails(() => _log.Learn(5, 51, acknowledged: false, "another"), "another has record", "but one had");
    }

    [Fact]
    public void One_record_at_two_offsets_is_noticed()
    {
        _log.Learn(5, 50, acknowledged: true, "one");
        Fails(() => _log.Learn(6, 50, acknowledged: false, "another"), "is at offset 5 and, by another, at 6 too");
    }

    [Fact]
    public void A_record_that_shows_although_it_was_surely_not_appended_is_noticed()
    {
        _log.Refuse(50, "its producer");
        Fails(() => _log.Learn(5, 50, acknowledged: false, "a reader"), "its producer was told that it was not appended");
    }

    [Fact]
    public void A_record_that_is_said_not_to_be_appended_although_it_shows_is_noticed()
    {
        _log.Learn(5, 50, acknowledged: false, "a reader");
        Fails(() => _log.Refuse(50, "its producer"), "but it is at 5");
    }

    [Fact]
    public void A_log_start_that_nobody_asked_for_is_noticed()
    {
        _log.AskedStart = 10;
        _log.SeeLogStart(10);
        Fails(() => _log.SeeLogStart(11), "nobody has asked for more than 10");
        _log.MayExpire = true;
        _log.SeeLogStart(11);
    }

    [Fact]
    public void Records_that_are_said_to_be_deleted_and_are_not_are_noticed() => Fails(() => _log.SeeDeleted(10, start: 9), "but the log starts at 9");

    [Fact]
    public void A_record_that_went_to_another_partition_is_noticed()
    {
        _log.SeePartition(1, "a client");
        Fails(() => _log.SeePartition(0, "a client"), "went to partition 0");
    }

    [Fact]
    public void A_new_topic_with_the_id_of_another_is_noticed()
    {
        TopicModel first = Topic("first");
        _all.Created(first);
        Fails(() => _all.Created(new TopicModel(new TopicDescription(first.Id, "second", 1, Durability.Local, TopicConfig.Default, default))), "with the id of first");
    }

    [Fact]
    public void A_new_log_that_is_not_empty_is_noticed()
    {
        TopicModel topic = Topic("new");
        topic.CheckNew(0, OffsetQuery.Latest, 0);
        Fails(() => topic.CheckNew(0, OffsetQuery.Latest, 3), "is new, and its log's Latest is 3");
    }

    [Fact]
    public void A_deleted_topic_that_takes_or_shows_something_is_noticed()
    {
        TopicModel topic = Topic("old");
        topic.CheckGone(BrokerErrorCode.UnknownTopic, BrokerErrorCode.UnknownTopic, everywhere: true);
        topic.CheckGone(BrokerErrorCode.NotLeader, BrokerErrorCode.None, everywhere: false);
        Fails(() => topic.CheckGone(BrokerErrorCode.None, BrokerErrorCode.UnknownTopic, everywhere: false), "an append ended with None");
        Fails(() => topic.CheckGone(BrokerErrorCode.UnknownTopic, BrokerErrorCode.None, everywhere: true), "a read with None");
    }

    private static TopicModel Topic(string name) => new(new TopicDescription(new TopicId(Guid.NewGuid()), name, 1, Durability.Local, TopicConfig.Default, default));

    private static void Fails(Action act, params string[] why)
    {
        string message = Should.Throw<InvariantException>(act).Message;
        foreach (string part in why)
        {
            message.ShouldContain(part);
        }
    }
}
