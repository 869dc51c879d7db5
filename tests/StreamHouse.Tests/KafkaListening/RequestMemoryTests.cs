using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Tests.KafkaListening;

public sealed class RequestMemoryTests
{
    [Fact]
    public void Reservations_wait_in_order_when_the_limit_is_reached()
    {
        RequestMemory memory = new(100);
        memory.ReserveAsync(80).AsTask().IsCompleted.ShouldBeTrue();
        Task large = memory.ReserveAsync(60).AsTask();
        Task small = memory.ReserveAsync(10).AsTask();

        large.IsCompleted.ShouldBeFalse();
        small.IsCompleted.ShouldBeFalse("it would fit, but must not overtake");
        memory.IsContested.ShouldBeTrue();

        memory.Release(80);

        large.IsCompleted.ShouldBeTrue();
        small.IsCompleted.ShouldBeTrue();
        memory.Used.ShouldBe(70);
        memory.IsContested.ShouldBeFalse();
    }

    [Fact]
    public void Request_above_the_limit_goes_alone()
    {
        RequestMemory memory = new(100);
        memory.ReserveAsync(1).AsTask().IsCompleted.ShouldBeTrue();
        Task huge = memory.ReserveAsync(1000).AsTask();
        huge.IsCompleted.ShouldBeFalse();

        memory.Release(1);

        huge.IsCompleted.ShouldBeTrue();
        memory.ReserveAsync(1).AsTask().IsCompleted.ShouldBeFalse();
    }
}
