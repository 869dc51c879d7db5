using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.Segments;
using StreamHouse.Storage.Objects;

namespace StreamHouse.Tests.Objects;

public sealed class FolderObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-objects-").FullName;
    private readonly FolderObjectStore _store;

    public FolderObjectStoreTests() => _store = Open();

    protected override IObjectStore Store => _store;

    [Fact]
    public async Task A_write_that_was_killed_before_its_rename_is_invisible_and_cleaned_up_at_the_next_start()
    {
        string left = Path.Combine(_folder, ".tmp", "left");
        File.WriteAllBytes(left, Generate(100));

        (await Store.ListAsync("", null, 10, default)).ShouldBeEmpty();
        using FolderObjectStore next = Open();
        File.Exists(left).ShouldBeFalse();
    }

    [Fact]
    public void A_file_that_another_process_is_writing_survives_a_start()
    {
        string busy = Path.Combine(_folder, ".tmp", "busy");
        using SafeFileHandle writing = File.OpenHandle(busy, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        using FolderObjectStore next = Open();
        File.Exists(busy).ShouldBeTrue();
    }

    [Fact]
    public async Task Nothing_temporary_is_left_by_writes_that_succeed_or_are_refused()
    {
        await PutAsync("a/b", [Generate(3_000_000)]);
        await Should.ThrowAsync<ObjectExistsException>(PutAsync("a/b", [Generate(1)]));
        Directory.GetFiles(Path.Combine(_folder, ".tmp")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Folders_that_become_empty_go_even_while_others_write_into_them()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), async (i, ct) =>
        {
            await Store.PutAsync($"topic/{i % 3}/{i}", [Generate(10)], ct);
            await Store.DeleteAsync($"topic/{i % 3}/{i}", ct);
        });
        Directory.Exists(Path.Combine(_folder, "topic")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_used_is_named()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        ObjectStoreException e = Should.Throw<ObjectStoreException>(() => new FolderObjectStore(new FolderStoreOptions { Path = file }));
        e.Message.ShouldContain(file);

        Directory.Delete(Path.Combine(_folder, ".tmp"), true);
        await Should.ThrowAsync<ObjectStoreException>(Store.CheckAsync(default));
    }

    [Fact]
    public async Task A_full_disk_is_a_retriable_error_and_leaves_nothing_behind()
    {
        // Without the right to mount there is no small file system to fill; the device that is always full has the same error number.
        IOException full = Should.Throw<IOException>(() => File.WriteAllBytes("/dev/full", [1]));
        Should.Throw<ObjectStoreFullException>(() => FolderErrors.Wrap<int>("store", "k", () => throw full)).Message.ShouldContain("no space");
        await Store.CheckAsync(default);
    }

    [Theory]
    [InlineData(65_536)]
    [InlineData(70_001)]
    public async Task Objects_of_any_size_in_pieces_of_any_size_are_stored_as_they_are(int chunkBytes)
    {
        using FolderObjectStore store = new(new FolderStoreOptions { Path = _folder, WriteChunkBytes = chunkBytes });
        foreach (int bytes in new[] { 0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 70_001, 131_072, 200_000 })
        {
            foreach (int pieceBytes in new[] { 4096, 10_007, 300_000 })
            {
                byte[] content = Generate(bytes);
                string key = $"sizes/{bytes}/{pieceBytes}";
                await store.PutAsync(key, [.. content.Chunk(pieceBytes).Select(c => new ReadOnlyMemory<byte>(c))], default);

                byte[] read = new byte[bytes + 1];
                (await store.ReadAsync(key, 0, read, default)).ShouldBe(bytes);
                read.AsSpan(0, bytes).SequenceEqual(content).ShouldBeTrue(key);
            }
        }
    }

    [Fact]
    public void Options_out_of_range_are_all_told()
    {
        new FolderStoreOptions { Path = " ", ReadThreads = 0, WriteThreads = 17, WriteChunkBytes = 1, QueuedCallsMax = 0 }.Validate().Count.ShouldBe(5);
        new FolderStoreOptions { Path = "/x" }.Validate().ShouldBeEmpty();
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, true);
    }

    private FolderObjectStore Open() => new(new FolderStoreOptions { Path = _folder });
}
