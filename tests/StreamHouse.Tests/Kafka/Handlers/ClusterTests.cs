using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;

namespace StreamHouse.Tests.Kafka.Handlers;

/// <summary>The cluster, its log directories, producer ids, and what errors are called.</summary>
public sealed class ClusterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cluster_is_described_with_its_broker_and_what_may_be_done_to_it(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        DescribeClusterResponse response = await rig.Client.CallAsync<DescribeClusterRequest, DescribeClusterResponse>(
            new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true }, version);
        MetadataResponse metadata = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 9);

        (response.ErrorCode, response.ClusterId, response.ControllerId).ShouldBe((KafkaErrorCode.None, metadata.ClusterId, 1));
        response.Brokers.Select(b => (b.BrokerId, b.Host, b.Port)).ShouldBe([(1, "127.0.0.1", rig.Port)]);
        response.ClusterAuthorizedOperations.ShouldBe(0b1_1111_1010_0000);
    }

    [Fact]
    public async Task Controllers_are_not_described()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        DescribeClusterResponse response = await rig.Client.CallAsync<DescribeClusterRequest, DescribeClusterResponse>(new DescribeClusterRequest { EndpointType = 2 }, 1);

        response.ErrorCode.ShouldBe(KafkaErrorCode.InvalidRequest);
        response.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Log_directory_tells_sizes_wherever_the_bytes_are(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t", partitions: 2);
        await rig.Engine.CreateTopicAsync("empty");
        await rig.Engine.AppendAsync(topic, new string('a', 1000));
        long one = rig.Engine.Status(topic).TailBytes;
        await rig.Engine.TierAsync(topic);
        await rig.Engine.AppendAsync(topic, new string('a', 1000));

        DescribeLogDirsResponse.Result all = await DirsAsync(rig, null, version);

        one.ShouldBeGreaterThan(1000);
        all.LogDir.ShouldNotBeEmpty();
        all.Topics.Select(t => (t.Name, string.Join(' ', t.Partitions.Select(p => p.PartitionSize)))).ShouldBe([("empty", "0"), ("t", $"{2 * one} 0")]);
        (await DirsAsync(rig, [new() { Name = "t", Partitions = [1, 7] }, new() { Name = "nope", Partitions = [0] }], version)).Topics
            .ShouldHaveSingleItem().Partitions.Select(p => p.PartitionIndex).ShouldBe([1]);
    }

    [Fact]
    public async Task Nothing_is_being_reassigned()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        ListPartitionReassignmentsResponse response = await rig.Client.CallAsync<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
            new ListPartitionReassignmentsRequest { Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, 0);

        (response.ErrorCode, response.Topics.Length).ShouldBe((KafkaErrorCode.None, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Each_idempotent_producer_gets_an_id_of_its_own(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        InitProducerIdResponse first = await InitAsync(rig, new InitProducerIdRequest(), version);
        InitProducerIdResponse second = await InitAsync(rig, new InitProducerIdRequest { ProducerId = first.ProducerId, ProducerEpoch = 3 }, version);

        (first.ErrorCode, first.ProducerEpoch, second.ErrorCode, second.ProducerEpoch).ShouldBe((KafkaErrorCode.None, (short)0, KafkaErrorCode.None, (short)0));
        first.ProducerId.ShouldBeGreaterThanOrEqualTo(0);
        second.ProducerId.ShouldNotBe(first.ProducerId);
    }

    [Theory]
    [InlineData("tx", -1, -1, KafkaErrorCode.TransactionalIdAuthorizationFailed)]
    [InlineData("", -1, -1, KafkaErrorCode.InvalidRequest)]
    [InlineData(null, 5, -1, KafkaErrorCode.InvalidRequest)]
    [InlineData(null, -1, 5, KafkaErrorCode.InvalidRequest)]
    public async Task Transactions_and_half_an_identity_are_refused(string? transactionalId, long id, short epoch, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        InitProducerIdResponse response = await InitAsync(
            rig, new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = 1000, ProducerId = id, ProducerEpoch = epoch }, 5);

        (response.ErrorCode, response.ProducerId, response.ProducerEpoch).ShouldBe((error, -1, (short)-1));
    }

    [Fact]
    public void Every_error_of_the_broker_has_a_name_in_the_protocol()
    {
        foreach (BrokerErrorCode code in Enum.GetValues<BrokerErrorCode>())
        {
            (KafkaErrors.Of(code) == KafkaErrorCode.None).ShouldBe(code == BrokerErrorCode.None, code.ToString());
            (KafkaErrors.OfGroup(code) == KafkaErrorCode.None).ShouldBe(code == BrokerErrorCode.None, code.ToString());
        }
        Should.Throw<ArgumentOutOfRangeException>(() => KafkaErrors.Of((BrokerErrorCode)999));
    }

    [Theory]
    [InlineData(BrokerErrorCode.ShuttingDown, KafkaErrorCode.NotCoordinator)]
    [InlineData(BrokerErrorCode.TimedOut, KafkaErrorCode.CoordinatorNotAvailable)]
    [InlineData(BrokerErrorCode.StorageFailed, KafkaErrorCode.CoordinatorNotAvailable)]
    [InlineData(BrokerErrorCode.Overloaded, KafkaErrorCode.CoordinatorLoadInProgress)]
    [InlineData(BrokerErrorCode.UnknownMember, KafkaErrorCode.UnknownMemberId)]
    public void Members_look_for_the_coordinator_again_when_that_helps(BrokerErrorCode code, KafkaErrorCode told) => KafkaErrors.OfGroup(code).ShouldBe(told);

    [Fact]
    public async Task Every_api_of_the_schemas_is_served()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        ApiVersionsResponse response = await rig.Client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new ApiVersionsRequest(), 0);

        response.ApiKeys.Select(a => ((ApiKey)a.ApiKey, a.MinVersion, a.MaxVersion))
            .ShouldBe(SupportedApis.All.Select(a => (a.Key, a.VersionMin, a.VersionMax)));
    }

    private static Task<InitProducerIdResponse> InitAsync(KafkaRig rig, InitProducerIdRequest request, short version) =>
        rig.Client.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(request, version);

    private static async Task<DescribeLogDirsResponse.Result> DirsAsync(KafkaRig rig, DescribeLogDirsRequest.Topic[]? topics, short version)
    {
        DescribeLogDirsResponse response = await rig.Client.CallAsync<DescribeLogDirsRequest, DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = topics }, version);
        response.ErrorCode.ShouldBe(KafkaErrorCode.None);
        return response.Results.ShouldHaveSingleItem();
    }
}
