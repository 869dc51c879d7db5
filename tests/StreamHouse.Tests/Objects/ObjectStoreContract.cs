using StreamHouse.Broker.Segments;

namespace StreamHouse.Tests.Objects;

/// <summary>What every object store promises. Keys are under a prefix of the test's own, so that a store may be shared.</summary>
public abstract class ObjectStoreContract
{
    private static int s_prefixes;

    protected ObjectStoreContract() => Prefix = $"test-{Interlocked.Increment(ref s_prefixes)}";

    protected abstract IObjectStore Store { get; }

    protected string Prefix { get; }

    /// <summary>Sizes that take every way of writing that the store has.</summary>
    protected virtual int[] Sizes => [0, 1, 65_536, 3_000_001];

    [Fact]
    public async Task What_was_put_is_read_back_whole_and_in_ranges()
    {
        foreach (int size in Sizes)
        {
            byte[] bytes = Generate(size);
            await PutAsync($"{Prefix}/a/{size}.seg", Pieces(bytes));

            byte[] read = new byte[size + 10];
            (await Store.ReadAsync($"{Prefix}/a/{size}.seg", 0, read, default)).ShouldBe(size);
            read.AsSpan(0, size).SequenceEqual(bytes).ShouldBeTrue();
            byte[] middle = new byte[Math.Min(size / 2, 4096)];
            (await Store.ReadAsync($"{Prefix}/a/{size}.seg", size / 3, middle, default)).ShouldBe(middle.Length);
            middle.ShouldBe(bytes.AsSpan(size / 3, middle.Length).ToArray());
            (await Store.ReadAsync($"{Prefix}/a/{size}.seg", size, new byte[5], default)).ShouldBe(0);
            (await Store.ReadAsync($"{Prefix}/a/{size}.seg", size + 7, new byte[5], default)).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_key_that_is_taken_is_refused_and_its_object_kept()
    {
        foreach (int size in Sizes)
        {
            string key = $"{Prefix}/taken/{size}";
            byte[] bytes = Generate(size);
            await PutAsync(key, [bytes]);

            await Should.ThrowAsync<ObjectExistsException>(PutAsync(key, [Generate(size)]));

            byte[] read = new byte[size];
            await Store.ReadAsync(key, 0, read, default);
            read.ShouldBe(bytes);
        }
    }

    [Fact]
    public async Task Of_concurrent_writers_of_one_key_exactly_one_wins()
    {
        for (int round = 0; round < 5; round++)
        {
            string key = $"{Prefix}/race/{round}";
            byte[][] candidates = [.. Enumerable.Range(0, 8).Select(i => Enumerable.Repeat((byte)i, 100_000).ToArray())];
            bool[] won = await Task.WhenAll(candidates.Select(async candidate =>
            {
                try
                {
                    await Store.PutAsync(key, [candidate], default);
                    return true;
                }
                catch (ObjectExistsException)
                {
                    return false;
                }
            }));

            won.Count(w => w).ShouldBe(1);
            byte[] read = new byte[100_000];
            await Store.ReadAsync(key, 0, read, default);
            read.ShouldBe(candidates[Array.IndexOf(won, true)]);
        }
    }

    [Fact]
    public async Task A_missing_object_is_named()
    {
        string key = $"{Prefix}/none";
        ObjectNotFoundException e = await Should.ThrowAsync<ObjectNotFoundException>(Store.ReadAsync(key, 0, new byte[1], default));
        e.Key.ShouldBe(key);
        await Should.ThrowAsync<ObjectNotFoundException>(Store.ReadAsync(key, 0, Memory<byte>.Empty, default));
    }

    [Fact]
    public async Task Deleting_removes_and_may_be_repeated()
    {
        string key = $"{Prefix}/deep/er/still";
        await PutAsync(key, [Generate(10)]);
        await Store.DeleteAsync(key, default);
        await Should.ThrowAsync<ObjectNotFoundException>(Store.ReadAsync(key, 0, new byte[1], default));
        await Store.DeleteAsync(key, default);
        await PutAsync(key, [Generate(10)]);
    }

    [Fact]
    public async Task Listing_pages_through_keys_in_order_within_the_prefix()
    {
        // Chosen so that folder order and key order differ: '-' and '.' sort before '/', digits after.
        string[] keys = [.. new[] { "a", "a-b", "a-b/c", "a/b", "a/b/c", "a.x/y", "a0", "b/1", "b/10", "b/2", "z" }
            .Where(k => k is not ("a" or "a-b" or "a/b")).Select(k => $"{Prefix}/list/{k}")];
        foreach (string key in keys)
        {
            await PutAsync(key, [Generate(key.Length)]);
        }
        await PutAsync($"{Prefix}/listed/other", [Generate(1)]);
        string[] sorted = [.. keys.Order(StringComparer.Ordinal)];

        var found = new List<StoredObject>();
        string? after = null;
        IReadOnlyList<StoredObject> page;
        do
        {
            page = await Store.ListAsync($"{Prefix}/list/", after, 3, default);
            page.Count.ShouldBeLessThanOrEqualTo(3);
            found.AddRange(page);
            after = page.Count > 0 ? page[^1].Key : null;
        }
        while (page.Count > 0);

        found.Select(o => o.Key).ShouldBe(sorted);
        found.ShouldAllBe(o => o.Bytes == o.Key.Length);
        (await Store.ListAsync($"{Prefix}/list/b/1", null, 1000, default)).Select(o => o.Key).ShouldBe([$"{Prefix}/list/b/1", $"{Prefix}/list/b/10"]);
        (await Store.ListAsync($"{Prefix}/list/a", $"{Prefix}/list/a/b", 1, default))[0].Key.ShouldBe($"{Prefix}/list/a/b/c");
        (await Store.ListAsync($"{Prefix}/nothing", null, 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Keys_that_are_not_safe_paths_are_refused()
    {
        foreach (string key in new[] { "", "/a", "a/", "a//b", "../a", "a/../b", ".tmp/x", "a/.b", "a b", "a\\b", "a\0", "ä", new string('k', 2000) })
        {
            await Should.ThrowAsync<ArgumentException>(async () => await Store.PutAsync(key, [Generate(1)], default));
        }
    }

    [Fact]
    public async Task A_working_store_passes_its_check() => await Store.CheckAsync(default);

    [Fact]
    public async Task A_cancelled_call_says_so()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(Store.PutAsync($"{Prefix}/cancelled", [Generate(1)], cancelled.Token));
    }

    protected Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content) => Store.PutAsync(key, content, default);

    protected static byte[] Generate(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    // Many uneven pieces, empty ones among them.
    protected static IReadOnlyList<ReadOnlyMemory<byte>> Pieces(byte[] bytes)
    {
        var pieces = new List<ReadOnlyMemory<byte>> { Array.Empty<byte>() };
        int step = 1;
        for (int at = 0; at < bytes.Length; step = (step * 3) % 70_001)
        {
            int count = Math.Min(step, bytes.Length - at);
            pieces.Add(bytes.AsMemory(at, count));
            at += count;
        }
        pieces.Add(Array.Empty<byte>());
        return pieces;
    }
}
