using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class ApiVersionsTests
{
    /// <summary>librdkafka looks for these versions exactly when it decides what a broker can do.</summary>
    private static readonly (ApiKey Key, short Version)[] LookedFor =
    [
        (ApiKey.Produce, 0), (ApiKey.Produce, 3), (ApiKey.Produce, 7), (ApiKey.Fetch, 4), (ApiKey.Fetch, 10), (ApiKey.ListOffsets, 1),
        (ApiKey.OffsetCommit, 1), (ApiKey.OffsetCommit, 2), (ApiKey.OffsetFetch, 1), (ApiKey.FindCoordinator, 0), (ApiKey.JoinGroup, 0),
        (ApiKey.SyncGroup, 0), (ApiKey.Heartbeat, 0), (ApiKey.LeaveGroup, 0), (ApiKey.InitProducerId, 0), (ApiKey.OffsetForLeaderEpoch, 2),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Clients_are_told_every_api_with_the_versions_they_look_for(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        ApiVersionsResponse told = await rig.Client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(
            new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, version);

        told.ErrorCode.ShouldBe(KafkaErrorCode.None);
        told.ApiKeys.Select(a => (a.ApiKey, a.MinVersion, a.MaxVersion)).ShouldBe(SupportedApis.All.Select(a => ((short)a.Key, a.VersionMin, a.VersionMax)));
        foreach ((ApiKey key, short wanted) in LookedFor)
        {
            ApiVersionsResponse.ApiVersion api = told.ApiKeys.Single(a => a.ApiKey == (short)key);
            wanted.ShouldBeInRange(api.MinVersion, api.MaxVersion, key.ToString());
        }
    }
}
