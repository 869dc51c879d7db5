using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Engine;

/// <summary>Changes of topics that were made, wholly or in part, while the answer of the metadata store was lost.</summary>
public sealed class UnansweredChangeTests
{
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [InlineData(nameof(ITopicStore.CreateTopicAsync))]
    [InlineData(nameof(ILeaseStore.TakeTopicLeasesAsync))]
    public async Task A_topic_whose_creation_was_not_answered_is_served_when_it_is_created_again(string lost)
    {
        await using EngineRig rig = await EngineRig.StartAsync(clock: _clock);
        rig.Metadata.LosesReplyOf = lost;
        (await Should.ThrowAsync<BrokerException>(() => rig.CreateTopicAsync(partitions: 2))).Code.ShouldBe(BrokerErrorCode.TimedOut);

        (await Should.ThrowAsync<BrokerException>(() => rig.CreateTopicAsync(partitions: 2))).Code.ShouldBe(BrokerErrorCode.TopicAlreadyExists);

        TopicDescription topic = rig.Broker.FindTopic("t")!;
        (await rig.AppendAsync(topic, "a")).ShouldBe(0);
        rig.Broker.DescribePartitions(topic.Id).ShouldAllBe(p => p.Online && p.LeaderEpoch > 0);
    }

    [Fact]
    public async Task A_topic_whose_creation_was_not_answered_is_served_soon_although_nobody_asks_again()
    {
        await using EngineRig rig = await EngineRig.StartAsync(clock: _clock);
        rig.Metadata.LosesReplyOf = nameof(ITopicStore.CreateTopicAsync);
        await Should.ThrowAsync<BrokerException>(() => rig.CreateTopicAsync());
        rig.Metadata.Unavailable = true;
        _clock.Advance(TimeSpan.FromSeconds(1));
        rig.Metadata.Unavailable = false;

        await UntilAsync(() => rig.Broker.FindTopic("t") is not null);

        (await rig.AppendAsync(rig.Broker.FindTopic("t")!, "a")).ShouldBe(0);
    }

    [Fact]
    public async Task A_topic_whose_deletion_was_not_answered_takes_no_more_records()
    {
        await using EngineRig rig = await EngineRig.StartAsync(clock: _clock);
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Metadata.LosesReplyOf = nameof(ITopicStore.DeleteTopicAsync);
        await Should.ThrowAsync<BrokerException>(() => rig.Broker.DeleteTopicAsync(topic.Id, CancellationToken.None));

        await UntilAsync(() => rig.Broker.FindTopic("t") is null);

        (await rig.Append(topic, EngineRig.Batch(["a"]))).Error.ShouldBe(BrokerErrorCode.UnknownTopic);
        TopicDescription next = await rig.CreateTopicAsync();
        next.Id.ShouldNotBe(topic.Id);
        (await rig.AppendAsync(next, "b")).ShouldBe(0);
    }

    [Theory]
    [InlineData(nameof(ITopicStore.AddPartitionsAsync))]
    [InlineData(nameof(ILeaseStore.TakeTopicLeasesAsync))]
    public async Task Partitions_whose_addition_was_not_answered_are_served_and_the_others_go_on(string lost)
    {
        await using EngineRig rig = await EngineRig.StartAsync(clock: _clock);
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Metadata.LosesReplyOf = lost;
        await Should.ThrowAsync<BrokerException>(() => rig.Broker.AddPartitionsAsync(topic.Id, 3, CancellationToken.None));

        await UntilAsync(() => rig.Broker.FindTopic("t")!.Partitions == 3);

        (await rig.AppendAsync(topic, "b")).ShouldBe(1);
        (await rig.Append(topic, EngineRig.Batch(["c"]), partition: 2)).BaseOffset.ShouldBe(0);
    }

    [Fact]
    public async Task Settings_whose_change_was_not_answered_are_in_force()
    {
        await using EngineRig rig = await EngineRig.StartAsync(clock: _clock);
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Metadata.LosesReplyOf = nameof(ITopicStore.SetTopicConfigAsync);
        await Should.ThrowAsync<BrokerException>(
            () => rig.Broker.SetTopicConfigAsync(topic.Id, TopicConfig.Default.With("max.message.bytes", "2000"), CancellationToken.None));

        await UntilAsync(() => rig.Broker.FindTopic("t")!.Config.MaxMessageBytes == 2000);

        (await rig.Append(topic, EngineRig.Batch([new string('x', 3000)]))).Error.ShouldBe(BrokerErrorCode.BatchTooLarge);
    }

    // The look at the metadata comes by the clock, and is done some time later.
    private async Task UntilAsync(Func<bool> condition)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
    }
}
