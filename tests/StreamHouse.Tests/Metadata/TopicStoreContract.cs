using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Metadata;

/// <summary>Cluster, producer ids, topics.</summary>
public abstract class TopicStoreContract : MetadataStoreContract
{
    [Fact]
    public async Task Cluster_id_is_made_once()
    {
        (await Store.GetOrCreateClusterAsync(Id(1), Ct)).ShouldBe((Id(1), true));
        (await Store.GetOrCreateClusterAsync(Id(2), Ct)).ShouldBe((Id(1), false));
    }

    [Fact]
    public async Task Producer_id_blocks_never_overlap()
    {
        HashSet<long> seen = [];
        foreach (int count in new[] { 1, 1000, 1, 50 })
        {
            long first = await Store.AllocateProducerIdsAsync(count, Ct);
            for (long id = first; id < first + count; id++)
            {
                id.ShouldBeGreaterThanOrEqualTo(0);
                seen.Add(id).ShouldBeTrue($"{id} was given out twice");
            }
        }
    }

    [Fact]
    public async Task Created_topic_is_listed_with_all_it_was_given()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 3, durability: Durability.Object);

        TopicDescription found = (await Store.ListTopicsAsync(Ct)).ShouldHaveSingleItem();
        (found.Id, found.Name, found.Partitions, found.Durability, found.CreatedAt)
            .ShouldBe((topic.Id, topic.Name, 3, Durability.Object, topic.CreatedAt));
        found.Config.RetentionMs.ShouldBe(60_000);
        found.Config.Overrides.ShouldBe(topic.Config.Overrides);
    }

    [Fact]
    public async Task New_topic_has_free_leases_with_group_ids_of_their_own()
    {
        TopicDescription first = await CreateTopicAsync("a", partitions: 2);
        TopicDescription second = await CreateTopicAsync("b", partitions: 2);

        IReadOnlyList<Lease> leases = await Store.ListLeasesAsync(Ct);
        leases.Select(l => l.Partition).ShouldBe(
            [new(first.Id, 0), new(first.Id, 1), new(second.Id, 0), new(second.Id, 1)], ignoreOrder: true);
        leases.Select(l => l.GroupId).Distinct().Count().ShouldBe(4);
        leases.ShouldAllBe(l => l.Epoch == 0 && l.Holder == null && l.NodeLog == null && l.EndOffset == 0 && l.LogStartOffset == 0 && !l.TopicDeleted);
    }

    [Fact]
    public async Task Second_live_topic_of_a_name_is_refused()
    {
        await CreateTopicAsync("orders");

        BrokerException error = await Should.ThrowAsync<BrokerException>(() => CreateTopicAsync("orders"));
        error.Code.ShouldBe(BrokerErrorCode.TopicAlreadyExists);
        (await Store.ListLeasesAsync(Ct)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Deleted_name_is_free_at_once_and_its_leases_are_fenced()
    {
        TopicDescription old = await CreateTopicAsync("orders");
        Lease taken = await TakeAsync(new(old.Id, 0), Id(1));

        await Store.DeleteTopicAsync(old.Id, Ct);
        TopicDescription successor = await CreateTopicAsync("orders");

        (await Store.ListTopicsAsync(Ct)).ShouldHaveSingleItem().Id.ShouldBe(successor.Id);
        (await Store.ListDeletedTopicsAsync(Ct)).ShouldBe([old.Id]);
        Lease fenced = await ReadLeaseAsync(new(old.Id, 0));
        fenced.TopicDeleted.ShouldBeTrue();
        fenced.Holder.ShouldBeNull();
        fenced.Epoch.ShouldBeGreaterThan(taken.Epoch);
        (await Store.CommitAsync(Commit(Id(1), Slice(taken.Partition, taken.Epoch, 0, 5)), Ct)).ShouldBe([SliceOutcome.Fenced]);
        (await Store.TakeLeaseAsync(taken.Partition, Id(2), null, null, Ct)).ShouldBeNull();
        (await Store.TakeLeaseAsync(taken.Partition, Id(2), null, fenced.Epoch, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task Deleting_an_unknown_or_deleted_topic_says_so()
    {
        TopicDescription topic = await CreateTopicAsync();
        await Store.DeleteTopicAsync(topic.Id, Ct);

        (await Should.ThrowAsync<BrokerException>(() => Store.DeleteTopicAsync(topic.Id, Ct))).Code.ShouldBe(BrokerErrorCode.UnknownTopic);
        (await Should.ThrowAsync<BrokerException>(() => Store.SetTopicConfigAsync(topic.Id, TopicConfig.Default, Ct))).Code.ShouldBe(BrokerErrorCode.UnknownTopic);
        (await Should.ThrowAsync<BrokerException>(() => Store.AddPartitionsAsync(topic.Id, 9, Ct))).Code.ShouldBe(BrokerErrorCode.UnknownTopic);
    }

    [Fact]
    public async Task Config_is_replaced_whole()
    {
        TopicDescription topic = await CreateTopicAsync();

        await Store.SetTopicConfigAsync(topic.Id, TopicConfig.Default.With("retention.bytes", "77"), Ct);

        TopicConfig config = (await Store.ListTopicsAsync(Ct)).Single().Config;
        config.Overrides.ShouldHaveSingleItem().Key.ShouldBe("retention.bytes");
        config.RetentionBytes.ShouldBe(77);
        config.RetentionMs.ShouldBe(TopicConfig.Default.RetentionMs);
    }

    [Fact]
    public async Task Added_partitions_leave_the_old_ones_as_they_are()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);
        Lease held = await TakeAsync(new(topic.Id, 1), Id(1));

        await Store.AddPartitionsAsync(topic.Id, 4, Ct);

        (await Store.ListTopicsAsync(Ct)).Single().Partitions.ShouldBe(4);
        IReadOnlyList<Lease> leases = await Store.ListLeasesAsync(Ct);
        leases.Select(l => l.Partition.Partition).ShouldBe([0, 1, 2, 3]);
        leases.Select(l => l.GroupId).Distinct().Count().ShouldBe(4);
        leases[1].ShouldBe(held);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public async Task Partitions_only_grow(int partitions)
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);

        (await Should.ThrowAsync<BrokerException>(() => Store.AddPartitionsAsync(topic.Id, partitions, Ct))).Code.ShouldBe(BrokerErrorCode.InvalidPartitions);
        (await Store.ListLeasesAsync(Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Concurrent_creations_of_one_name_make_one_topic()
    {
        Task[] creations = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(() => CreateTopicAsync("same", partitions: 3)))];
        await Task.WhenAll(creations).ContinueWith(_ => { }, TaskScheduler.Default);

        creations.Count(t => t.IsCompletedSuccessfully).ShouldBe(1);
        creations.Where(t => t.IsFaulted).ShouldAllBe(t => ((BrokerException)t.Exception!.InnerException!).Code == BrokerErrorCode.TopicAlreadyExists);
        (await Store.ListLeasesAsync(Ct)).Count.ShouldBe(3);
    }
}
