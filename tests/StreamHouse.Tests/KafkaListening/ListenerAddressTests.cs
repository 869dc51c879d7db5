using StreamHouse.Server.Kafka.Listeners;

namespace StreamHouse.Tests.KafkaListening;

public sealed class ListenerAddressTests
{
    [Fact]
    public void Lists_are_parsed()
    {
        ListenerAddress.TryParseList("external://kafka.example:9093, v6://[::1]:1 ,bare://host,raw6://::1", portRequired: false, out IReadOnlyList<ListenerAddress> list)
            .ShouldBeNull();

        list.ShouldBe([new("external", "kafka.example", 9093), new("v6", "::1", 1), new("bare", "host", null), new("raw6", "::1", null)]);
    }

    [Theory]
    [InlineData("external")]
    [InlineData("://host:1")]
    [InlineData("external://")]
    [InlineData("external://:1")]
    [InlineData("external://host:")]
    [InlineData("external://host:65536")]
    [InlineData("external://host:x")]
    [InlineData("ex ternal://host:1")]
    [InlineData("external://host")]
    [InlineData("a://h:1,a://h:2")]
    [InlineData("internal://h:1")]
    public void What_is_no_list_of_listeners_is_refused_with_the_reason(string text) =>
        ListenerAddress.TryParseList(text, portRequired: true, out _).ShouldNotBeNull();
}
