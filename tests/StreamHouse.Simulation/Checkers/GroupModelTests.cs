using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Tells the model of a group what its members must never be told.</summary>
public sealed class GroupModelTests
{
    private readonly GroupModel _group = new("group");
    private readonly TopicPartition _partition = new(new TopicId(Guid.NewGuid()), 0);

    [Fact]
    public void Two_owners_of_a_partition_in_one_generation_are_noticed()
    {
        _group.Assigned("a", "a", 1, [_partition]);
        _group.Assigned("b", "b", 2, [_partition]);
        Fails(() => _group.Assigned("c", "b", 2, [_partition]), "belongs to b and to c in generation 2");
    }

    [Fact]
    public void Two_leaders_of_one_generation_are_noticed()
    {
        _group.Assigned("a", "a", 1, [_partition]);
        Fails(() => _group.Assigned("b", "b", 1, []), "generation 1 is led by a and by b");
    }

    [Fact]
    public void A_commit_of_a_former_generation_that_is_accepted_is_noticed()
    {
        OffsetCommit commit = _group.Commit(_partition, 5);
        _group.Accepted(commit, new MemberIdentity("a", 2), newest: 2);
        Fails(() => _group.Accepted(commit, new MemberIdentity("a", 1), newest: 2), "was accepted after generation 2 had begun");
    }

    [Fact]
    public void A_committed_offset_that_goes_back_or_disappears_is_noticed()
    {
        OffsetCommit early = _group.Commit(_partition, 5);
        OffsetCommit late = _group.Commit(_partition, 7);
        _group.Accepted(early, new MemberIdentity("a", 1), newest: 1);
        _group.Fetched(_partition, Found(late), _group.FloorOf(_partition), "a reader");
        _group.FloorOf(_partition).ShouldBe(7);
        Fails(() => _group.Fetched(_partition, Found(early), _group.FloorOf(_partition), "a reader"), "found 5 committed", "after 7 had been");
        Fails(() => _group.Fetched(_partition, null, _group.FloorOf(_partition), "a reader"), "found -1 committed");
    }

    [Fact]
    public void A_committed_offset_that_nobody_sent_is_noticed()
    {
        OffsetCommit commit = _group.Commit(_partition, 5);
        Fails(() => _group.Fetched(_partition, Found(commit) with { Offset = 6 }, -1, "a reader"), "which nobody has sent");
        Fails(() => _group.Fetched(_partition, Found(commit) with { Metadata = "other" }, -1, "a reader"), "which nobody has sent");
    }

    private static GroupOffset Found(OffsetCommit commit) => new(commit.Partition, commit.Offset, -1, commit.Metadata, default);

    private static void Fails(Action act, params string[] why)
    {
        string message = Should.Throw<InvariantException>(act).Message;
        foreach (string part in why)
        {
            message.ShouldContain(part);
        }
    }
}
