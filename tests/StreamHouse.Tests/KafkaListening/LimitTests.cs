using System.Net;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;

namespace StreamHouse.Tests.KafkaListening;

public sealed class LimitTests
{
    [Fact]
    public async Task Connections_above_the_limit_are_closed_at_once_and_room_is_used_again()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { ConnectionsMax = 2 });
        RawClient first = await rig.ConnectAsync();
        await rig.ConnectAsync();
        await rig.WaitForConnectionsAsync(2);

        RawClient third = await rig.ConnectAsync();
        await third.ShouldBeClosedAsync();
        first.Dispose();
        await rig.WaitForConnectionsAsync(1);

        await rig.ShouldStillServeAsync();
    }

    [Fact]
    public async Task Connections_of_one_address_have_a_limit_of_their_own()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { ConnectionsPerAddressMax = 1 });
        await rig.ConnectAsync();
        await rig.WaitForConnectionsAsync(1);

        RawClient second = await rig.ConnectAsync();

        await second.ShouldBeClosedAsync();
    }

    [Fact]
    public async Task Idle_connections_are_closed_but_not_those_that_wait_for_an_answer()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { IdleTimeout = TimeSpan.FromMilliseconds(400) });
        await rig.CreateTopicAsync();
        RawClient idle = await rig.ConnectAsync();
        RawClient waiting = await rig.ConnectAsync();
        await waiting.SendAsync(RawClient.FetchOf("t", 0, waitMs: 1500), 12, 3);

        await idle.ShouldBeClosedAsync();

        (await waiting.ReceiveAsync<FetchResponse>(12)).CorrelationId.ShouldBe(3);
        rig.Rejected.ShouldBe(0, "being idle is no fault");
    }

    [Fact]
    public async Task Client_is_told_the_address_of_the_listener_it_came_through()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(
            null, null, ListenerRig.Loopback("internal"), ListenerRig.Loopback("external", "streams.example", 29092), ListenerRig.Loopback("named", "other.example"));

        (await BrokerOf(rig.Endpoints[0].Endpoint)).ShouldBe(("127.0.0.1", rig.Endpoints[0].Endpoint.Port));
        (await BrokerOf(rig.Endpoints[1].Endpoint)).ShouldBe(("streams.example", 29092));
        (await BrokerOf(rig.Endpoints[2].Endpoint)).ShouldBe(("other.example", rig.Endpoints[2].Endpoint.Port));
    }

    [Fact]
    public async Task Thousands_of_idle_connections_hold_no_buffers()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        const int Count = 500;
        List<RawClient> clients = [];
        for (int i = 0; i < Count; i++)
        {
            RawClient client = await rig.ConnectAsync();
            clients.Add(client);
        }
        foreach (RawClient client in clients)
        {
            await client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        }
        long held = rig.Engine.Broker.Buffers.Bytes;

        await rig.WaitForConnectionsAsync(Count);

        held.ShouldBeLessThan(16 << 20, "each connection would need 64 KiB if it held on to its buffer");
    }

    private static async Task<(string Host, int Port)> BrokerOf(IPEndPoint listener)
    {
        using RawClient client = await RawClient.ConnectAsync(listener);
        MetadataResponse response = await client.CallAsync<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        return (response.Brokers.Single().Host, response.Brokers.Single().Port);
    }
}
