using StreamHouse.Client;
using StreamHouse.Client.Groups;

namespace StreamHouse.Tests.Client.Groups;

public sealed class MemberStateTests
{
    [Fact]
    public void Cooperative_member_keeps_what_it_has_and_joins_again_when_it_gives_something_up()
    {
        MemberState state = new(isCooperative: true, null);
        Have(state, 1, 0, 1, 2);
        state.BeforeJoin.ShouldBeEmpty();
        state.Subscribe(["t"]).Owned.Count.ShouldBe(3);

        state.OnJoined("m", 2);
        AssignmentChange change = state.OnAssigned([P(0), P(3)]);
        (change.Revoked.Count, change.Added.Single(), change.JoinsAgain).ShouldBe((2, P(3), true));
        state.OnGone(change.Revoked);
        state.OnAdded(change.Added);
        state.OnAssigned([P(0), P(3)]).JoinsAgain.ShouldBeFalse();
    }

    [Fact]
    public void Eager_member_gives_everything_up_before_it_joins()
    {
        MemberState state = new(isCooperative: false, null);
        Have(state, 1, 0, 1);
        state.BeforeJoin.ShouldBe([P(0), P(1)]);
        state.OnGone(state.BeforeJoin);
        state.Subscribe(["t"]).Owned.ShouldBeEmpty();
        state.Subscribe(["t"]).Generation.ShouldBe(-1);
    }

    [Fact]
    public void Claims_do_not_look_younger_than_they_are_while_an_assignment_is_awaited()
    {
        MemberState state = new(isCooperative: true, null);
        Have(state, 4, 0);
        state.OnJoined("m", 5);
        state.OnError(Error(StreamHouseErrorCode.RebalanceInProgress)).ShouldBe(MemberReaction.Rejoin);
        state.Subscribe(["t"]).Generation.ShouldBe(4);
        state.Generation.ShouldBe(5);
    }

    [Theory]
    [InlineData(StreamHouseErrorCode.UnknownMember, MemberReaction.Lose, "")]
    [InlineData(StreamHouseErrorCode.IllegalGeneration, MemberReaction.Lose, "m")]
    [InlineData(StreamHouseErrorCode.FencedInstance, MemberReaction.Fail, "")]
    [InlineData(StreamHouseErrorCode.InconsistentGroupProtocol, MemberReaction.Fail, "")]
    [InlineData(StreamHouseErrorCode.InvalidSessionTimeout, MemberReaction.Fail, "")]
    public void Failures_end_the_membership_and_say_who_to_join_as(StreamHouseErrorCode code, object reaction, string memberId)
    {
        MemberState state = new(isCooperative: true, null);
        Have(state, 1, 0);
        state.OnError(Error(code)).ShouldBe((MemberReaction)reaction);
        state.MemberId.ShouldBe(memberId);
        state.Generation.ShouldBe(-1);
    }

    [Fact]
    public void Failures_of_the_network_change_nothing()
    {
        MemberState state = new(isCooperative: true, null);
        Have(state, 1, 0);
        state.OnError(new StreamHouseException(StreamHouseErrorCode.Unavailable, "", isRetriable: true)).ShouldBe(MemberReaction.TryAgain);
        (state.MemberId, state.Generation, state.Owned.Count).ShouldBe(("m", 1, 1));
    }

    private static void Have(MemberState state, int generation, params int[] partitions)
    {
        state.OnJoined("m", generation);
        AssignmentChange change = state.OnAssigned([.. partitions.Select(P)]);
        state.OnAdded(change.Added);
    }

    private static TopicPartition P(int partition) => new("t", partition);

    private static StreamHouseException Error(StreamHouseErrorCode code) => new(code, "");
}
