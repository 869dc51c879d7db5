using StreamHouse.Client.Groups;
using BrokerProtocol = StreamHouse.Broker.Groups.ConsumerProtocol;

namespace StreamHouse.Tests.Client.Groups;

public sealed class ConsumerProtocolTests
{
    private static readonly Subscription Full = new(["orders", "ä"], [new("orders", 0), new("orders", 3), new("ä", 1)], 7);

    [Fact]
    public void Subscription_is_encoded_as_version_3()
    {
        byte[] bytes = ConsumerProtocol.Write(new Subscription(["t"], [new TopicPartition("t", 2)], 5), AssignmentStrategy.CooperativeSticky);
        Convert.ToHexString(bytes).ShouldBe(
            "0003" + "00000001" + "000174" // version, topics
            + "00000004" + "00000005" // user data: the generation, for clients of version 1
            + "00000001" + "000174" + "00000001" + "00000002" // owned
            + "00000005" + "FFFF"); // generation, no rack
    }

    [Fact]
    public void Assignment_is_encoded_as_version_0() =>
        Convert.ToHexString(ConsumerProtocol.Write([new("u", 4), new("t", 2), new("t", 1)])).ShouldBe(
            "0000" + "00000002" + "000174" + "00000002" + "00000001" + "00000002" + "000175" + "00000001" + "00000004" + "FFFFFFFF");

    [Theory]
    [InlineData(AssignmentStrategy.Range)]
    [InlineData(AssignmentStrategy.RoundRobin)]
    [InlineData(AssignmentStrategy.CooperativeSticky)]
    public void Subscription_comes_back_as_it_was(AssignmentStrategy strategy)
    {
        Subscription read = ConsumerProtocol.ReadSubscription(ConsumerProtocol.Write(Full, strategy))!;
        read.Topics.ShouldBe(Full.Topics);
        read.Owned.ShouldBe(Full.Owned);
        read.Generation.ShouldBe(Full.Generation);
        BrokerProtocol.ReadSubscription(ConsumerProtocol.Write(Full, strategy)).ShouldBe(Full.Topics);
    }

    [Fact]
    public void Assignment_comes_back_as_it_was()
    {
        ConsumerProtocol.ReadAssignment(ConsumerProtocol.Write(Full.Owned)).ShouldBe(Full.Owned);
        ConsumerProtocol.ReadAssignment([]).ShouldBeEmpty();
        BrokerProtocol.ReadAssignment(ConsumerProtocol.Write(Full.Owned))!.Select(topic => topic.Topic).ShouldBe(["orders", "ä"]);
    }

    [Theory]
    [InlineData("0000" + "00000001" + "000174" + "FFFFFFFF", 0, -1)] // version 0, no user data
    [InlineData("0001" + "00000001" + "000174" + "00000000" + "00000001" + "000174" + "00000001" + "00000002", 1, -1)] // version 1
    [InlineData("0001" + "00000001" + "000174" + "00000004" + "00000009" + "00000001" + "000174" + "00000001" + "00000002", 1, 9)] // its generation in user data
    [InlineData("0002" + "00000001" + "000174" + "FFFFFFFF" + "00000001" + "000174" + "00000001" + "00000002" + "00000006", 1, 6)] // version 2
    [InlineData("0004" + "00000001" + "000174" + "FFFFFFFF" + "00000000" + "00000006" + "FFFF" + "ABCD", 0, 6)] // one to come
    public void Subscriptions_of_other_clients_are_read(string hex, int owned, int generation)
    {
        Subscription read = ConsumerProtocol.ReadSubscription(Convert.FromHexString(hex))!;
        read.Topics.ShouldBe(["t"]);
        read.Owned.Count.ShouldBe(owned);
        read.Generation.ShouldBe(generation);
    }

    [Fact]
    public void Damaged_bytes_are_no_subscription_and_take_no_memory()
    {
        byte[] whole = ConsumerProtocol.Write(Full, AssignmentStrategy.Range);

        // The rack at the end is not read.
        for (int length = 0; length < whole.Length - 2; length++)
        {
            ConsumerProtocol.ReadSubscription(whole.AsSpan(0, length)).ShouldBeNull();
        }
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            ConsumerProtocol.ReadSubscription(damaged);
            ConsumerProtocol.ReadAssignment(damaged);
        }
        ConsumerProtocol.ReadAssignment(Convert.FromHexString("0000" + "7FFFFFFF")).ShouldBeNull();
        ConsumerProtocol.ReadAssignment(Convert.FromHexString("0000" + "00000001" + "000174" + "7FFFFFFF")).ShouldBeNull();
    }
}
