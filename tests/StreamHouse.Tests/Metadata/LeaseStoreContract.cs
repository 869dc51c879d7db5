using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Metadata;

/// <summary>Sessions and leases.</summary>
public abstract class LeaseStoreContract : MetadataStoreContract
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, string> Endpoints = new() { ["grpc"] = "127.0.0.1:1" };

    private Task RegisterAsync(Guid incarnation, TimeSpan? ttl) => Store.RegisterSessionAsync(new Session(incarnation, "agent", Endpoints), ttl, Ct);

    [Fact]
    public async Task Free_leases_are_those_of_object_topics_that_nobody_alive_holds()
    {
        TopicDescription topic = await CreateTopicAsync("shared", 3, Durability.Object);
        await CreateTopicAsync("local");
        TopicDescription gone = await CreateTopicAsync("gone", 1, Durability.Object);
        await Store.DeleteTopicAsync(gone.Id, Ct);
        await RegisterAsync(Id(1), Ttl);
        await RegisterAsync(Id(2), Ttl * 2);
        await TakeAsync(new(topic.Id, 0), Id(1));
        await TakeAsync(new(topic.Id, 1), Id(2));

        (await Store.ListFreeLeasesAsync(Ct)).ShouldBe([new(topic.Id, 2)]);
        Clock.Advance(Ttl);
        (await Store.ListFreeLeasesAsync(Ct)).ShouldBe([new(topic.Id, 0), new(topic.Id, 2)]);
        (await Store.ReleaseLeaseAsync(new(topic.Id, 1), Id(2), 1, Ct)).ShouldBeTrue();
        (await Store.ListFreeLeasesAsync(Ct)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Taking_raises_the_epoch_and_names_the_holder()
    {
        TopicDescription topic = await CreateTopicAsync();

        Lease lease = (await Store.TakeLeaseAsync(new(topic.Id, 0), Id(1), Id(9), null, Ct)).ShouldNotBeNull();

        (lease.Epoch, lease.Holder, lease.NodeLog, lease.EndOffset).ShouldBe((1, Id(1), Id(9), 0));
        (await ReadLeaseAsync(lease.Partition)).ShouldBe(lease);
    }

    [Fact]
    public async Task Lease_of_a_live_session_is_not_taken_until_it_expires()
    {
        TopicDescription topic = await CreateTopicAsync(durability: Durability.Object);
        TopicPartition partition = new(topic.Id, 0);
        await RegisterAsync(Id(1), Ttl);
        await TakeAsync(partition, Id(1));

        Clock.Advance(Ttl - TimeSpan.FromMilliseconds(1));
        (await Store.TakeLeaseAsync(partition, Id(2), null, null, Ct)).ShouldBeNull();

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        Lease lease = (await Store.TakeLeaseAsync(partition, Id(2), null, null, Ct)).ShouldNotBeNull();
        (lease.Epoch, lease.Holder).ShouldBe((2, Id(2)));
    }

    [Fact]
    public async Task Renewal_extends_a_session_but_never_an_expired_or_unknown_one()
    {
        TopicDescription topic = await CreateTopicAsync();
        TopicPartition partition = new(topic.Id, 0);
        await RegisterAsync(Id(1), Ttl);
        await TakeAsync(partition, Id(1));

        Clock.Advance(Ttl / 2);
        (await Store.RenewSessionAsync(Id(1), Ttl, Ct)).ShouldBeTrue();
        Clock.Advance(Ttl * 0.75);
        (await Store.TakeLeaseAsync(partition, Id(2), null, null, Ct)).ShouldBeNull();

        Clock.Advance(Ttl);
        (await Store.RenewSessionAsync(Id(1), Ttl, Ct)).ShouldBeFalse();
        (await Store.TakeLeaseAsync(partition, Id(2), null, null, Ct)).ShouldNotBeNull();
        (await Store.RenewSessionAsync(Id(7), Ttl, Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task Session_without_time_to_live_never_expires()
    {
        TopicDescription topic = await CreateTopicAsync();
        await RegisterAsync(Id(1), null);
        await TakeAsync(new(topic.Id, 0), Id(1));

        Clock.Advance(TimeSpan.FromDays(4000));

        (await Store.TakeLeaseAsync(new(topic.Id, 0), Id(2), null, null, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task Take_over_by_force_needs_the_epoch_that_is_in_force()
    {
        TopicDescription topic = await CreateTopicAsync();
        TopicPartition partition = new(topic.Id, 0);
        await RegisterAsync(Id(1), null);
        Lease first = await TakeAsync(partition, Id(1));

        (await Store.TakeLeaseAsync(partition, Id(2), null, first.Epoch - 1, Ct)).ShouldBeNull();
        (await Store.TakeLeaseAsync(partition, Id(2), null, first.Epoch + 1, Ct)).ShouldBeNull();
        Lease second = (await Store.TakeLeaseAsync(partition, Id(2), null, first.Epoch, Ct)).ShouldNotBeNull();

        (second.Epoch, second.Holder).ShouldBe((first.Epoch + 1, Id(2)));
    }

    [Fact]
    public async Task Only_the_holder_at_its_epoch_releases()
    {
        TopicDescription topic = await CreateTopicAsync();
        TopicPartition partition = new(topic.Id, 0);
        Lease lease = await TakeAsync(partition, Id(1));

        (await Store.ReleaseLeaseAsync(partition, Id(2), lease.Epoch, Ct)).ShouldBeFalse();
        (await Store.ReleaseLeaseAsync(partition, Id(1), lease.Epoch - 1, Ct)).ShouldBeFalse();
        (await ReadLeaseAsync(partition)).Holder.ShouldBe(Id(1));
        (await Store.ReleaseLeaseAsync(partition, Id(1), lease.Epoch, Ct)).ShouldBeTrue();

        Lease free = await ReadLeaseAsync(partition);
        (free.Holder, free.Epoch).ShouldBe((null, lease.Epoch));
    }

    [Fact]
    public async Task Lease_rows_are_read_by_partition_as_they_are_now()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 3);
        TopicDescription gone = await CreateTopicAsync("gone");
        await TakeAsync(new(topic.Id, 1), Id(1));
        await TakeAsync(new(topic.Id, 2), Id(2));
        await Store.DeleteTopicAsync(gone.Id, Ct);

        IReadOnlyList<Lease> rows = await Store.ReadLeasesAsync([new(topic.Id, 1), new(topic.Id, 7), new(gone.Id, 0), new(topic.Id, 0)], Ct);

        rows.Select(r => (r.Partition, r.Epoch, r.Holder, r.TopicDeleted)).ShouldBe(
            [(new(topic.Id, 1), 1, Id(1), false), (new(gone.Id, 0), 1, null, true), (new(topic.Id, 0), 0, null, false)], ignoreOrder: true);
        (await Store.TakeLeaseAsync(new(topic.Id, 1), Id(3), Id(9), 1, Ct)).ShouldNotBeNull();
        Lease now = (await Store.ReadLeasesAsync([new(topic.Id, 1)], Ct)).ShouldHaveSingleItem();
        (now.Epoch, now.Holder).ShouldBe((2, Id(3)));
        now.ShouldBe(await ReadLeaseAsync(now.Partition));
        (await Store.ReadLeasesAsync([], Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Closed_session_releases_its_leases_and_no_others()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 3);
        await RegisterAsync(Id(1), Ttl);
        await TakeAsync(new(topic.Id, 0), Id(1));
        await TakeAsync(new(topic.Id, 1), Id(2));
        await TakeAsync(new(topic.Id, 2), Id(1));

        await Store.CloseSessionAsync(Id(1), Ct);

        (await Store.ListLeasesAsync(Ct)).Select(l => l.Holder).ShouldBe([null, Id(2), null]);
        (await Store.RenewSessionAsync(Id(1), Ttl, Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task Owner_of_the_cluster_takes_everything_that_lives_whoever_holds_it()
    {
        TopicDescription local = await CreateTopicAsync("local", partitions: 2);
        TopicDescription remote = await CreateTopicAsync("remote", durability: Durability.Object);
        TopicDescription gone = await CreateTopicAsync("gone");
        await RegisterAsync(Id(1), null);
        await RegisterAsync(Id(2), null);
        await TakeAsync(new(local.Id, 0), Id(1));
        await Store.DeleteTopicAsync(gone.Id, Ct);

        IReadOnlyList<Lease> leases = await Store.TakeAllLeasesAsync(Id(2), Id(9), Ct);

        leases.Select(l => (l.Partition, l.Epoch, l.Holder, l.NodeLog)).ShouldBe(
            [(new(local.Id, 0), 2, Id(2), Id(9)), (new(local.Id, 1), 1, Id(2), Id(9)), (new(remote.Id, 0), 1, Id(2), null)], ignoreOrder: true);
        (await ReadLeaseAsync(new(gone.Id, 0))).Holder.ShouldBeNull();
        (await Store.RenewSessionAsync(Id(1), Ttl, Ct)).ShouldBeFalse("the session of a process that was killed is gone");
        (await Store.RenewSessionAsync(Id(2), Ttl, Ct)).ShouldBeTrue();
    }

    [Fact]
    public async Task Tail_in_another_node_log_refuses_every_taker_without_it()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);
        TopicPartition partition = new(topic.Id, 0);
        Lease owned = (await Store.TakeLeaseAsync(partition, Id(1), Id(8), null, Ct)).ShouldNotBeNull();
        await Store.ReleaseLeaseAsync(partition, Id(1), owned.Epoch, Ct);

        BrokerException error = await Should.ThrowAsync<BrokerException>(() => Store.TakeAllLeasesAsync(Id(2), Id(9), Ct));
        error.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        error.Message.ShouldContain(Id(8).ToString());
        (await Store.TakeLeaseAsync(partition, Id(2), Id(9), null, Ct)).ShouldBeNull();
        (await Store.TakeLeaseAsync(partition, Id(2), null, null, Ct)).ShouldBeNull();
        (await Store.TakeLeaseAsync(partition, Id(2), Id(9), owned.Epoch, Ct)).ShouldBeNull();
        (await Store.ListLeasesAsync(Ct)).ShouldAllBe(l => l.Holder == null);

        (await Store.TakeAllLeasesAsync(Id(2), Id(8), Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task New_topic_is_taken_whole_but_nothing_from_another_holder()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 3);
        TopicDescription other = await CreateTopicAsync("other");
        await TakeAsync(new(topic.Id, 1), Id(1));

        IReadOnlyList<Lease> taken = await Store.TakeTopicLeasesAsync(topic.Id, Id(2), Id(9), Ct);

        taken.Select(l => (l.Partition.Partition, l.Epoch, l.NodeLog)).ShouldBe([(0, 1, Id(9)), (2, 1, Id(9))], ignoreOrder: true);
        (await ReadLeaseAsync(new(topic.Id, 1))).Holder.ShouldBe(Id(1));
        (await ReadLeaseAsync(new(other.Id, 0))).Holder.ShouldBeNull();
    }

    [Fact]
    public async Task Of_many_takers_at_once_one_holds_each_epoch()
    {
        TopicDescription topic = await CreateTopicAsync();
        TopicPartition partition = new(topic.Id, 0);
        Lease?[] taken = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(async () =>
        {
            await RegisterAsync(Id(i), Ttl);
            return await Store.TakeLeaseAsync(partition, Id(i), null, null, Ct);
        })));

        Lease winner = taken.Where(l => l is not null).ShouldHaveSingleItem()!;
        (await ReadLeaseAsync(partition)).ShouldBe(winner);
    }
}
