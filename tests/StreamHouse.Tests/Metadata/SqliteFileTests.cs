using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.Metadata.Sqlite;

namespace StreamHouse.Tests.Metadata;

/// <summary>What only a SQLite file can do wrong, and how its writer shares transactions.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryMetadataFile _file = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Everything_is_there_after_opening_again()
    {
        Guid cluster;
        TopicDescription topic = Topic("kept");
        await using (SqlMetadataStore store = await OpenAsync())
        {
            (cluster, bool created) = await store.GetOrCreateClusterAsync(Guid.NewGuid(), Ct);
            created.ShouldBeTrue();
            await store.CreateTopicAsync(topic, Ct);
            (await store.AllocateProducerIdsAsync(100, Ct)).ShouldBe(1);
        }

        await using SqlMetadataStore again = await OpenAsync();
        (await again.GetOrCreateClusterAsync(Guid.NewGuid(), Ct)).ShouldBe((cluster, false));
        (await again.ListTopicsAsync(Ct)).ShouldHaveSingleItem().Id.ShouldBe(topic.Id);
        (await again.AllocateProducerIdsAsync(1, Ct)).ShouldBe(101);
    }

    [Fact]
    public async Task Groups_an_older_version_forgot_count_as_deleted_once()
    {
        await using (SqlMetadataStore store = await OpenAsync())
        {
            foreach (string name in new[] { "a", "b", "c" })
            {
                await store.CreateTopicAsync(Topic(name), Ct);
            }
            await store.Executor.WriteAsync(s => s.Execute("DELETE FROM partition_leases WHERE group_id = 2"), Ct);
            await store.Executor.WriteAsync(s => s.Execute("DROP TABLE deleted_groups"), Ct);
            await store.Executor.WriteAsync(s => s.Execute("ALTER TABLE cluster DROP COLUMN milestone"), Ct);
            await store.Executor.WriteAsync(s => s.Execute("DELETE FROM schema_version WHERE version >= 4"), Ct);
        }

        await using (SqlMetadataStore upgraded = await OpenAsync())
        {
            (await upgraded.ListDeletedGroupsAsync(Ct)).ShouldBe([new DeletedGroup(2, null)]);
            await upgraded.Executor.WriteAsync(s => s.Execute("DELETE FROM partition_leases WHERE group_id = 3"), Ct);
        }
        await using SqlMetadataStore again = await OpenAsync();
        (await again.ListDeletedGroupsAsync(Ct)).ShouldBe([new DeletedGroup(2, null)], "what goes missing later is no deletion");
    }

    [Fact]
    public async Task Newer_schema_is_refused_naming_both_versions()
    {
        await using (SqlMetadataStore store = await OpenAsync())
        {
            await store.Executor.WriteAsync(s => s.Execute("INSERT INTO schema_version (version, applied_at) VALUES (99, 0)"), Ct);
        }

        BrokerException refused = await Should.ThrowAsync<BrokerException>(OpenAsync);
        refused.Code.ShouldBe(BrokerErrorCode.StorageFailed);
        refused.Message.ShouldContain(_file.Path);
        refused.Message.ShouldContain("schema version 99");
        refused.Message.ShouldContain($"up to {Migrations.Current}");
    }

    [Fact]
    public async Task File_that_is_no_database_is_damaged_by_name()
    {
        byte[] noise = new byte[8192];
        new Random(1).NextBytes(noise);
        await File.WriteAllBytesAsync(_file.Path, noise, Ct);

        BrokerException damaged = await Should.ThrowAsync<BrokerException>(OpenAsync);
        damaged.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        damaged.Message.ShouldContain(_file.Path);
        (await File.ReadAllBytesAsync(_file.Path, Ct)).ShouldBe(noise, "it is left as it is");
    }

    [Fact]
    public async Task Damaged_pages_are_reported_by_name()
    {
        await using (SqlMetadataStore store = await OpenAsync())
        {
            await store.CreateTopicAsync(Topic("t"), Ct);
        }
        byte[] bytes = await File.ReadAllBytesAsync(_file.Path, Ct);
        bytes.AsSpan(4096).Fill(0xA5);
        await File.WriteAllBytesAsync(_file.Path, bytes, Ct);

        BrokerException damaged = await Should.ThrowAsync<BrokerException>(async () =>
        {
            await using SqlMetadataStore store = await OpenAsync();
            await store.ListTopicsAsync(Ct);
        });
        damaged.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        damaged.Message.ShouldContain(_file.Path);
    }

    [Fact]
    public async Task After_a_failed_sync_nothing_is_written_any_more_and_the_store_says_so()
    {
        const int IoError = 10;
        const int SyncFailed = 1034;
        await using SqlMetadataStore store = await OpenAsync();
        store.Failed.IsCompleted.ShouldBeFalse();

        await Should.ThrowAsync<MetadataUnavailableException>(
            store.Executor.WriteAsync<int>(_ => throw new SqliteException("disk I/O error, says the test", IoError, SyncFailed), Ct));

        (await store.Failed.WaitAsync(TimeSpan.FromSeconds(10), Ct)).Message.ShouldContain("says the test");
        (await Should.ThrowAsync<MetadataUnavailableException>(() => store.CreateTopicAsync(Topic("late"), Ct))).Message.ShouldContain("sync of it failed");
        (await store.ListTopicsAsync(Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Check_changes_the_file()
    {
        await using SqlMetadataStore store = await OpenAsync();
        await store.GetOrCreateClusterAsync(Guid.NewGuid(), Ct);

        await store.CheckAsync(Ct);
        await store.CheckAsync(Ct);

        (await store.Executor.ReadAsync(s => s.Scalar("SELECT checks FROM cluster"), Ct)).ShouldBe(2);
    }

    [Fact]
    public async Task Full_disk_is_a_clear_error_and_space_heals_it()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-full-").FullName;
        try
        {
            Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder), "mounting a small file system needs root");
            string ballast = Path.Combine(folder, "ballast");
            await using SqlMetadataStore store =
                await SqlMetadataStore.OpenSqliteAsync(new SqliteOptions { Path = Path.Combine(folder, "metadata.db") }, TimeProvider.System, Ct);
            await store.CreateTopicAsync(Topic("before"), Ct);
            Fill(ballast);

            BrokerException full = await Should.ThrowAsync<BrokerException>(async () =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    await store.CreateTopicAsync(Topic($"during-{i}"), Ct);
                }
            });
            full.Code.ShouldBe(BrokerErrorCode.NoSpace);
            full.Message.ShouldContain("metadata.db");
            int topics = (await store.ListTopicsAsync(Ct)).Count;

            File.Delete(ballast);
            await store.CreateTopicAsync(Topic("after"), Ct);
            (await store.ListTopicsAsync(Ct)).Count.ShouldBe(topics + 1);
        }
        finally
        {
            Run("umount", folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Writes_that_wait_share_one_commit_and_a_refused_one_takes_no_other_with_it()
    {
        await using SqlMetadataStore store = await OpenAsync();
        await store.CreateTopicAsync(Topic("taken"), Ct);
        int before = CountCommits();
        using ManualResetEventSlim release = new();
        Task held = HoldWriterAsync(store, release);
        List<Task<long>> ids = [];
        for (int i = 0; i < 50; i++)
        {
            ids.Add(store.AllocateProducerIdsAsync(1, Ct));
        }
        Task refused = store.CreateTopicAsync(Topic("taken"), Ct);
        Task created = store.CreateTopicAsync(Topic("new"), Ct);
        release.Set();

        await held;
        (await Task.WhenAll(ids)).ShouldBe(Enumerable.Range(1, 50).Select(i => (long)i));
        (await Should.ThrowAsync<BrokerException>(() => refused)).Code.ShouldBe(BrokerErrorCode.TopicAlreadyExists);
        await created;
        (await store.ListTopicsAsync(Ct)).Select(t => t.Name).ShouldBe(["new", "taken"]);
        (CountCommits() - before).ShouldBe(1, "the one that held the writer changed nothing");
    }

    [Fact]
    public async Task Queue_is_bounded_and_closing_refuses_who_waits_for_a_place()
    {
        SqlMetadataStore store = await SqlMetadataStore.OpenSqliteAsync(_file.Options with { QueueRequestsMax = 2 }, TimeProvider.System, Ct);
        using ManualResetEventSlim release = new();
        Task held = HoldWriterAsync(store, release);
        List<Task<long>> writes = [];
        for (int i = 0; i < 5; i++)
        {
            writes.Add(store.AllocateProducerIdsAsync(1, Ct));
        }
        ValueTask closed = store.DisposeAsync();
        release.Set();

        await held;
        await closed;
        await Task.WhenAll(writes).ContinueWith(_ => { }, TaskScheduler.Default);
        writes.Count(w => w.IsCompletedSuccessfully).ShouldBe(2);
        writes.Where(w => w.IsFaulted).ShouldAllBe(w => w.Exception!.InnerException is MetadataUnavailableException);
        await Should.ThrowAsync<MetadataUnavailableException>(() => store.AllocateProducerIdsAsync(1, Ct));
    }

    [Fact]
    public async Task Write_cancelled_while_it_waits_never_happens()
    {
        await using SqlMetadataStore store = await OpenAsync();
        using ManualResetEventSlim release = new();
        using CancellationTokenSource cancel = new();
        Task held = HoldWriterAsync(store, release);
        Task<long> write = store.AllocateProducerIdsAsync(10, cancel.Token);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => write);
        release.Set();

        await held;
        (await store.AllocateProducerIdsAsync(1, Ct)).ShouldBe(1);
    }

    private Task<SqlMetadataStore> OpenAsync() => SqlMetadataStore.OpenSqliteAsync(_file.Options, TimeProvider.System, Ct);

    /// <summary>Occupies the writer's thread, without changing anything, until released. Returns once it is occupied.</summary>
    private static Task HoldWriterAsync(SqlMetadataStore store, ManualResetEventSlim release)
    {
        using ManualResetEventSlim running = new();
        Task held = store.Executor.WriteAsync(
            _ =>
            {
                running.Set();
                release.Wait(Ct);
                return true;
            },
            Ct);
        running.Wait(Ct);
        return held;
    }

    // A frame of the write-ahead log that ends a commit gives the database's size in pages, https://www.sqlite.org/fileformat.html#walformat
    private int CountCommits()
    {
        using FileStream log = new(_file.Path + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] wal = new byte[log.Length];
        log.ReadExactly(wal);
        int page = BinaryPrimitives.ReadInt32BigEndian(wal.AsSpan(8));
        int commits = 0;
        for (int at = 32; at + 24 + page <= wal.Length; at += 24 + page)
        {
            commits += BinaryPrimitives.ReadInt32BigEndian(wal.AsSpan(at + 4)) == 0 ? 0 : 1;
        }
        return commits;
    }

    private static TopicDescription Topic(string name) =>
        new(new TopicId(Guid.NewGuid()), name, 1, Durability.Local, TopicConfig.Default, DateTimeOffset.UnixEpoch);

    private static void Fill(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
