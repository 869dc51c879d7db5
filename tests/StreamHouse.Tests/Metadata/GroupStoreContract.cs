using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Metadata;

/// <summary>What is stored of consumer groups.</summary>
public abstract class GroupStoreContract : MetadataStoreContract
{
    private static readonly DateTimeOffset When = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

    [Fact]
    public async Task Committed_offsets_come_back_whole_and_the_last_one_counts()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);
        GroupOffset plain = new(new(topic.Id, 0), 5, -1, null, When);
        GroupOffset full = new(new(topic.Id, 1), long.MaxValue, 7, "näme ✓", When);

        (await Store.CommitOffsetsAsync("g", [plain, full], Ct)).ShouldBe([true, true]);
        (await Store.FetchOffsetsAsync("g", Ct)).ShouldBe([plain, full]);

        GroupOffset back = plain with { Offset = 3, Metadata = "" };
        (await Store.CommitOffsetsAsync("g", [back], Ct)).ShouldBe([true]);
        (await Store.FetchOffsetsAsync("g", Ct)).ShouldBe([back, full]);
        (await Store.FetchOffsetsAsync("other", Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Offsets_of_unknown_or_deleted_topics_are_refused_one_by_one()
    {
        TopicDescription topic = await CreateTopicAsync();
        TopicDescription gone = await CreateTopicAsync("gone");
        await Store.DeleteTopicAsync(gone.Id, Ct);
        GroupOffset good = new(new(topic.Id, 0), 5, -1, null, When);

        IReadOnlyList<bool> stored = await Store.CommitOffsetsAsync(
            "g", [new(new(gone.Id, 0), 1, -1, null, When), good, new(new(topic.Id, 1), 1, -1, null, When), new(new(new TopicId(Id(9)), 0), 1, -1, null, When)], Ct);

        stored.ShouldBe([false, true, false, false]);
        (await Store.FetchOffsetsAsync("g", Ct)).ShouldBe([good]);
    }

    [Fact]
    public async Task Offsets_of_a_deleted_topic_are_gone_at_once()
    {
        TopicDescription topic = await CreateTopicAsync();
        await Store.CommitOffsetsAsync("g", [new(new(topic.Id, 0), 5, -1, null, When)], Ct);
        await Store.DeleteTopicAsync(topic.Id, Ct);

        (await Store.FetchOffsetsAsync("g", Ct)).ShouldBeEmpty();
        (await Store.ListGroupsAsync(Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Groups_are_listed_in_name_order_and_deleted_whole_or_in_part()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);
        foreach (string group in new[] { "b", "a", "B" })
        {
            await Store.CommitOffsetsAsync(group, [new(new(topic.Id, 0), 1, -1, null, When), new(new(topic.Id, 1), 2, -1, null, When)], Ct);
        }
        (await NamesAsync()).ShouldBe(["B", "a", "b"]);

        (await Store.DeleteGroupAsync("a", Ct)).ShouldBeTrue();
        (await Store.DeleteGroupAsync("a", Ct)).ShouldBeFalse();
        await Store.DeleteOffsetsAsync("b", [new(topic.Id, 1)], Ct);

        (await NamesAsync()).ShouldBe(["B", "b"]);
        (await Store.FetchOffsetsAsync("b", Ct)).ShouldHaveSingleItem().Partition.Partition.ShouldBe(0);
        (await Store.FetchOffsetsAsync("B", Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Many_commits_at_once_are_all_there()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 50);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() =>
            Store.CommitOffsetsAsync($"group-{i / 50}", [new(new(topic.Id, i % 50), i, -1, null, When)], Ct))));

        for (int group = 0; group < 4; group++)
        {
            (await Store.FetchOffsetsAsync($"group-{group}", Ct)).Select(o => o.Offset).ShouldBe(Enumerable.Range(group * 50, 50).Select(i => (long)i));
        }
    }

    [Fact]
    public async Task A_generation_is_kept_and_never_goes_back()
    {
        (await Store.FindGroupAsync("g", Ct)).ShouldBeNull();

        await Store.SaveGenerationAsync("g", 3, "consumer", Ct);
        await Store.SaveGenerationAsync("g", 2, "other", Ct);
        (await Store.FindGroupAsync("g", Ct)).ShouldBe(new StoredGroup("g", 3, "consumer", null));

        await Store.SetEmptiedAsync("g", When, Ct);
        (await Store.ListGroupsAsync(Ct)).ShouldBe([new StoredGroup("g", 3, "consumer", When)]);
        await Store.SaveGenerationAsync("g", 4, "consumer", Ct);
        (await Store.FindGroupAsync("g", Ct)).ShouldBe(new StoredGroup("g", 4, "consumer", null));

        await Store.SetEmptiedAsync("nobody", When, Ct);
        (await Store.FindGroupAsync("nobody", Ct)).ShouldBeNull();
        (await Store.DeleteGroupAsync("g", Ct)).ShouldBeTrue();
        (await Store.ListGroupsAsync(Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Offsets_expire_by_their_commit_when_the_group_never_had_members()
    {
        TopicDescription topic = await CreateTopicAsync(partitions: 2);
        await Store.CommitOffsetsAsync("g", [new(new(topic.Id, 0), 5, -1, null, When), new(new(topic.Id, 1), 6, -1, null, When.AddSeconds(10))], Ct);

        (await Store.ExpireAsync("g", When, Ct)).ShouldBe(0);
        (await Store.ExpireAsync("g", When.AddSeconds(5), Ct)).ShouldBe(1);
        (await Store.FetchOffsetsAsync("g", Ct)).ShouldHaveSingleItem().Offset.ShouldBe(6);
        (await Store.ExpireAsync("other", When.AddSeconds(50), Ct)).ShouldBe(0);
    }

    [Fact]
    public async Task Offsets_of_a_group_with_members_or_one_lately_emptied_do_not_expire()
    {
        TopicDescription topic = await CreateTopicAsync();
        await Store.SaveGenerationAsync("g", 1, "consumer", Ct);
        await Store.CommitOffsetsAsync("g", [new(new(topic.Id, 0), 5, -1, null, When)], Ct);

        (await Store.ExpireAsync("g", When.AddDays(100), Ct)).ShouldBe(0);
        await Store.SetEmptiedAsync("g", When.AddSeconds(10), Ct);
        (await Store.ExpireAsync("g", When.AddSeconds(10), Ct)).ShouldBe(0);
        (await Store.FindGroupAsync("g", Ct)).ShouldNotBeNull();
        (await Store.ExpireAsync("g", When.AddSeconds(11), Ct)).ShouldBe(1);
        (await Store.FindGroupAsync("g", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task A_group_is_kept_while_one_of_its_offsets_is_young()
    {
        TopicDescription topic = await CreateTopicAsync();
        await Store.SaveGenerationAsync("g", 1, "consumer", Ct);
        await Store.SetEmptiedAsync("g", When, Ct);
        await Store.CommitOffsetsAsync("g", [new(new(topic.Id, 0), 5, -1, null, When.AddSeconds(10))], Ct);

        (await Store.ExpireAsync("g", When.AddSeconds(5), Ct)).ShouldBe(0);
        (await Store.FindGroupAsync("g", Ct)).ShouldBe(new StoredGroup("g", 1, "consumer", When));
    }

    private async Task<string[]> NamesAsync() => [.. (await Store.ListGroupsAsync(Ct)).Select(g => g.Group)];
}
