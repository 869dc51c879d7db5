using StreamHouse.Broker.Topics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Topics;

public sealed class DeletedTopicsTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Topic_is_remembered_for_a_moment_and_the_last_of_its_name_wins()
    {
        DeletedTopics deleted = new(_clock);
        TopicDescription first = Topic("t");
        TopicDescription second = Topic("t");

        deleted.Add(first);
        _clock.Advance(DeletedTopics.Remembered / 2);
        deleted.Add(second);
        deleted.Find("t").ShouldBe(second);
        _clock.Advance(DeletedTopics.Remembered / 2);
        // The first is due now; that must not take the second with it.
        deleted.Find("t").ShouldBe(second);
        _clock.Advance(DeletedTopics.Remembered / 2);

        deleted.Find("t").ShouldBeNull();
        deleted.Find("other").ShouldBeNull();
    }

    [Fact]
    public void Number_remembered_is_bounded()
    {
        DeletedTopics deleted = new(_clock);
        for (int i = 0; i <= DeletedTopics.CountMax; i++)
        {
            deleted.Add(Topic($"t{i}"));
        }

        deleted.Find("t0").ShouldBeNull();
        deleted.Find("t1").ShouldNotBeNull();
        deleted.Find($"t{DeletedTopics.CountMax}").ShouldNotBeNull();
    }

    private static TopicDescription Topic(string name) =>
        new(new TopicId(Guid.NewGuid()), name, 1, Durability.Local, TopicConfig.Default, DateTimeOffset.UnixEpoch);
}
