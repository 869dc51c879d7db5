using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;

namespace StreamHouse.Tests.Engine;

/// <summary>Rows that went missing, and metadata that went back in time, while the node log holds acknowledged records: refused by name, never dropped.</summary>
public class LostMetadataTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_of_a_group_without_rows_refuse_the_start_and_stay()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        long group = (await rig.Store.ListLeasesAsync(Ct)).ShouldHaveSingleItem().GroupId;
        await ExecuteAsync(rig, "CREATE TABLE kept AS SELECT * FROM partition_leases");
        await ExecuteAsync(rig, "UPDATE topics SET deleted_at = 1");
        await ExecuteAsync(rig, "DELETE FROM partition_leases");

        for (int i = 0; i < 2; i++)
        {
            BrokerException refused = await Should.ThrowAsync<BrokerException>(rig.RestartAsync);
            refused.Code.ShouldBe(BrokerErrorCode.DataDamaged);
            refused.Message.ShouldContain($"group {group} ");
            refused.Message.ShouldContain("Put back the newest copy of the metadata");
        }

        await ExecuteAsync(rig, "INSERT INTO partition_leases SELECT * FROM kept");
        await ExecuteAsync(rig, "UPDATE topics SET deleted_at = NULL");
        await rig.RestartAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task Metadata_behind_the_objects_milestone_refuses_the_start_and_when_accepted_reuses_no_epoch_and_no_id()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        await rig.AppendAsync(topic, "a");
        long milestone = await rig.Store.ReadMilestoneAsync(Ct);
        long epoch = rig.Status(topic).LeaderEpoch;
        long producer = await rig.Broker.NewProducerIdAsync(Ct);
        // As if this were a copy from before the last milestones.
        await ExecuteAsync(rig, "UPDATE cluster SET milestone = milestone - 1");

        BrokerException refused = await Should.ThrowAsync<BrokerException>(rig.RestartAsync);
        refused.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        refused.Message.ShouldContain($"{milestone:D20}.json");
        refused.Message.ShouldContain("Broker:AcceptOldMetadata");
        (await rig.Store.ReadMilestoneAsync(Ct)).ShouldBe(milestone - 1, "a refused start changes nothing");

        rig.NextOptions = rig.NextOptions with { AcceptOldMetadata = true };
        await rig.RestartAsync();
        (await rig.Store.ReadMilestoneAsync(Ct)).ShouldBe(milestone + 1);
        rig.Status(topic).LeaderEpoch.ShouldBeGreaterThan(epoch + 1000);
        (await rig.Broker.NewProducerIdAsync(Ct)).ShouldBeGreaterThan(producer + 1_000_000);
        rig.NextOptions = rig.NextOptions with { AcceptOldMetadata = false };
        await rig.RestartAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task Few_milestones_are_kept()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        for (int i = 0; i < 8; i++)
        {
            await rig.RestartAsync();
        }
        long newest = await rig.Store.ReadMilestoneAsync(Ct);
        newest.ShouldBe(9);
        rig.Objects.Stored.Keys.Where(k => k.Contains("/history/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(k => k[^25..])
            .ShouldBe(Enumerable.Range((int)newest - 4, 5).Select(n => $"{n:D20}.json"));
    }

    [Fact]
    public async Task Live_topic_with_too_few_leases_refuses_the_start_by_name()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        await rig.CreateTopicAsync("orders", partitions: 3);
        await ExecuteAsync(rig, "DELETE FROM partition_leases WHERE partition = 1");

        BrokerException refused = await Should.ThrowAsync<BrokerException>(rig.RestartAsync);
        refused.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        refused.Message.ShouldContain("'orders' has 3 partitions");
        refused.Message.ShouldContain("for 2 of them");
    }

    [Fact]
    public async Task Deleted_topic_is_no_loss_and_is_forgotten_once_the_log_holds_none_of_it()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription kept = await rig.CreateTopicAsync("kept");
        TopicDescription topic = await rig.CreateTopicAsync("gone");
        await rig.AppendAsync(kept, "k");
        await rig.AppendAsync(topic, "a");
        Lease lease = (await rig.Store.ListLeasesAsync(Ct)).Single(l => l.Partition.Topic == topic.Id);
        await rig.Broker.DeleteTopicAsync(topic.Id, Ct);
        await rig.Store.PruneAsync(100, Ct);
        (await rig.Store.ListDeletedGroupsAsync(Ct)).ShouldBe([new DeletedGroup(lease.GroupId, lease.NodeLog)]);

        await rig.RestartAsync();
        (await rig.Store.ListDeletedGroupsAsync(Ct)).Count.ShouldBe(1, "the log that was just read holds a batch of it");
        for (int i = 0; i < 5 && (await rig.Store.ListDeletedGroupsAsync(Ct)).Count > 0; i++)
        {
            await rig.RestartAsync();
        }

        (await rig.Store.ListDeletedGroupsAsync(Ct)).ShouldBeEmpty();
        (await rig.ReadAllAsync(kept)).ShouldBe(["0:k"]);
    }

    [Fact]
    public async Task Record_of_an_epoch_never_given_out_refuses_the_start()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        await ExecuteAsync(rig, "UPDATE partition_leases SET epoch = epoch - 1");

        BrokerException refused = await Should.ThrowAsync<BrokerException>(rig.RestartAsync);
        refused.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        refused.Message.ShouldContain("older than the log");

        await ExecuteAsync(rig, "UPDATE partition_leases SET epoch = epoch + 1");
        await rig.RestartAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    private static Task<int> ExecuteAsync(EngineRig rig, string sql) =>
        ((SqlMetadataStore)rig.Store).Executor.WriteAsync(
            s =>
            {
                s.ExecuteOnce(sql);
                return 0;
            },
            Ct);
}
