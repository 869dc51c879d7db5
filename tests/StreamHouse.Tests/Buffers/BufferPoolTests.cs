using StreamHouse.Broker.Buffers;

namespace StreamHouse.Tests.Buffers;

public class BufferPoolTests
{
    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(1 << 20, 1 << 20)]
    public void A_rented_buffer_is_the_next_power_of_two(int asked, int capacity)
    {
        new BufferPool(1 << 20).Rent(asked).Capacity.ShouldBe(capacity);
    }

    [Fact]
    public void The_last_release_makes_a_buffer_available_again()
    {
        BufferPool pool = new(1 << 20);
        SharedBuffer buffer = pool.Rent(10_000);
        buffer.Retain();

        buffer.Release();
        pool.Rent(10_000).ShouldNotBeSameAs(buffer);
        buffer.Release();
        pool.Rent(10_000).ShouldBeSameAs(buffer);
    }

    [Fact]
    public void Above_the_limit_nothing_is_kept()
    {
        BufferPool pool = new(8192);
        SharedBuffer first = pool.Rent(8192);
        SharedBuffer second = pool.Rent(8192);
        pool.Bytes.ShouldBe(16384);
        first.Release();
        second.Release();

        pool.Bytes.ShouldBe(8192);
        pool.Rent(8192).ShouldBeSameAs(second);
        pool.Rent(8192).ShouldNotBeSameAs(first);
    }

    [Fact]
    public void Idle_buffers_of_other_sizes_make_room()
    {
        BufferPool pool = new(64 << 10);
        SharedBuffer[] small = [.. Enumerable.Range(0, 16).Select(_ => pool.Rent(4096))];
        foreach (SharedBuffer buffer in small)
        {
            buffer.Release();
        }
        pool.Bytes.ShouldBe(64 << 10);

        SharedBuffer large = pool.Rent(32 << 10);

        pool.Bytes.ShouldBe(64 << 10);
        large.Release();
        pool.Rent(32 << 10).ShouldBeSameAs(large);
    }

    [Fact]
    public void Releasing_or_retaining_after_the_last_release_is_an_error()
    {
        SharedBuffer buffer = new BufferPool(0).Rent(1);
        buffer.Release();

        Should.Throw<ObjectDisposedException>(buffer.Release);
        Should.Throw<ObjectDisposedException>(buffer.Retain);
    }

    [Fact]
    public void Small_batches_share_a_slab_that_lives_as_long_as_one_of_them()
    {
        SlabArena arena = new(new BufferPool(16 << 20));
        BufferSlice first = arena.Store([1, 2, 3]);
        BufferSlice second = arena.Store([4, 5]);

        second.Owner.ShouldBeSameAs(first.Owner);
        first.Span.ToArray().ShouldBe([1, 2, 3]);
        first.Owner.Release();
        second.Span.ToArray().ShouldBe([4, 5]);
    }
}
