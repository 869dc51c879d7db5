using Microsoft.Data.Sqlite;
using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Server.Hosting;
using StreamHouse.Storage.Metadata.Sqlite;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>Data folders with something torn, flipped, lost, old or foreign: refused by name or harmless, and never an object deleted.</summary>
public sealed class DamageTests : IDisposable
{
    private static readonly string[] Ports = ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"];

    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Byte_flipped_in_acknowledged_log_is_refused_with_file_and_position()
    {
        await FillAsync(RecordDurability.Local);
        string file = LogFiles().First(f => Find(f, "a-3") >= 0);
        long at = Find(file, "a-3");
        Flip(file, at);

        await using ServerProcess server = ServerProcess.Launch(_folder, Ports);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
        server.Log.ShouldContain(Path.GetFileName(file));
        server.Log.ShouldContain($"{at / 4096 * 4096}");
    }

    [Fact]
    public async Task Torn_end_of_the_log_is_cut_off_and_all_acknowledged_is_there()
    {
        await FillAsync(RecordDurability.Local);
        string file = LogFiles().First(f => Find(f, "a-9") >= 0);
        // A frame that a crash left half written behind all that was acknowledged.
        byte[] bytes = await File.ReadAllBytesAsync(file);
        int last = bytes.AsSpan().LastIndexOf("SHFR"u8);
        using (FileStream log = new(file, FileMode.Open, FileAccess.Write))
        {
            log.Position = last + 4096;
            log.Write(bytes.AsSpan(last, 40));
            log.Write(new byte[500]);
        }

        await using ServerProcess server = await ServerProcess.StartAsync(_folder);

        (await Traffic.ReadAsync(server, "a")).ShouldBe(Traffic.Values("a", 10));
        await Traffic.ProduceAsync(server, "a", "more", 1);
        (await Traffic.ReadAsync(server, "a")).Count.ShouldBe(11);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_missing_or_damaged_fails_the_read_by_name_and_leaves_other_topics_alone(bool isMissing)
    {
        await FillAsync(RecordDurability.Object, "a", "b");
        string file = Segments().First(f => Find(f, "a-0") >= 0);
        if (isMissing)
        {
            File.Delete(file);
        }
        else
        {
            Flip(file, Find(file, "a-0"));
        }

        await using ServerProcess server = await ServerProcess.StartAsync(_folder);

        StreamHouseException error = await Should.ThrowAsync<StreamHouseException>(Traffic.ReadAsync(server, "a"));
        error.Code.ShouldBe(StreamHouseErrorCode.DataDamaged);
        error.Message.ShouldContain(Path.GetFileName(file));
        (await Traffic.ReadAsync(server, "b")).ShouldBe(Traffic.Values("b", 10));
        await Traffic.ProduceAsync(server, "a", "more", 1);
    }

    [Fact]
    public async Task Newest_object_missing_refuses_writes_there_by_name_and_others_go_on()
    {
        await FillAsync(RecordDurability.Object, "bad", "good");
        await using (ServerProcess filled = await ServerProcess.StartAsync(_folder))
        {
            await Traffic.ProduceAsync(filled, "bad", "last", 1);
            (await filled.StopAsync()).ShouldBe(ExitCode.Success, filled.Log);
        }
        string newest = Segments().Single(f => Find(f, "last-0") >= 0);
        File.Delete(newest);

        await using ServerProcess server = await ServerProcess.StartAsync(_folder);

        StreamHouseException error = await Should.ThrowAsync<StreamHouseException>(Traffic.ProduceAsync(server, "bad", "more", 1));
        error.Code.ShouldBe(StreamHouseErrorCode.DataDamaged);
        error.Message.ShouldContain(Path.GetFileName(newest));
        await Traffic.ProduceAsync(server, "good", "more", 500);
        (await Traffic.ReadAsync(server, "good")).Count.ShouldBe(510);
    }

    [Fact]
    public async Task Lost_metadata_is_refused_and_no_object_is_touched()
    {
        await FillAsync(RecordDurability.Object);
        string[] before = Segments();
        foreach (string file in Directory.GetFiles(_folder, "metadata.db*"))
        {
            File.Delete(file);
        }

        await using ServerProcess server = ServerProcess.Launch(_folder, Ports);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
        Segments().ShouldBe(before);
    }

    [Fact]
    public async Task Metadata_older_than_the_log_is_refused_by_name_and_works_again_with_its_own()
    {
        await FillAsync(RecordDurability.Local);
        Dictionary<string, byte[]> old = ReadMetadata();
        await using (ServerProcess later = await ServerProcess.StartAsync(_folder))
        {
            await Traffic.ProduceAsync(later, "a", "later", 5);
            (await later.StopAsync()).ShouldBe(ExitCode.Success, later.Log);
        }
        Dictionary<string, byte[]> own = ReadMetadata();
        string[] before = Segments();
        WriteMetadata(old);

        await using (ServerProcess server = ServerProcess.Launch(_folder, Ports))
        {
            (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
            server.Log.ShouldContain("the metadata is older than the log");
            server.Log.ShouldContain("Put back the newest copy of the metadata");
        }
        Segments().ShouldBe(before);

        WriteMetadata(own);
        await using ServerProcess again = await ServerProcess.StartAsync(_folder);
        (await Traffic.ReadAsync(again, "a")).ShouldBe([.. Traffic.Values("a", 10), .. Traffic.Values("later", 5)]);
        await Traffic.ProduceAsync(again, "a", "more", 1);
        (await Traffic.ReadAsync(again, "a")).Count.ShouldBe(16);
    }

    [Fact]
    public async Task Metadata_older_than_the_objects_is_refused_by_name_and_accepted_only_when_told_to()
    {
        await FillAsync(RecordDurability.Object);
        Dictionary<string, byte[]> old = ReadMetadata();
        await using (ServerProcess later = await ServerProcess.StartAsync(_folder))
        {
            await Traffic.ProduceAsync(later, "a", "later", 5);
            (await later.StopAsync()).ShouldBe(ExitCode.Success, later.Log);
        }
        Dictionary<string, byte[]> own = ReadMetadata();
        string[] before = Segments();
        WriteMetadata(old);

        for (int attempt = 0; attempt < 2; attempt++)
        {
            await using ServerProcess server = ServerProcess.Launch(_folder, Ports);
            (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
            server.Log.ShouldContain("was made by newer metadata than this");
            server.Log.ShouldContain("Broker:AcceptOldMetadata");
        }
        Segments().ShouldBe(before);

        WriteMetadata(own);
        await using (ServerProcess again = await ServerProcess.StartAsync(_folder))
        {
            (await Traffic.ReadAsync(again, "a")).ShouldBe([.. Traffic.Values("a", 10), .. Traffic.Values("later", 5)]);
            (await again.StopAsync()).ShouldBe(ExitCode.Success, again.Log);
        }

        WriteMetadata(old);
        await using (ServerProcess accepting = await ServerProcess.StartAsync(_folder, ["--set", "Broker:AcceptOldMetadata=true"]))
        {
            (await Traffic.ReadAsync(accepting, "a")).ShouldBe(Traffic.Values("a", 10));
            await Traffic.ProduceAsync(accepting, "a", "more", 1);
            (await accepting.StopAsync()).ShouldBe(ExitCode.Success, accepting.Log);
        }

        // From here on it is the newest.
        await using ServerProcess last = await ServerProcess.StartAsync(_folder);
        (await Traffic.ReadAsync(last, "a")).ShouldBe([.. Traffic.Values("a", 10), .. Traffic.Values("more", 1)]);
        before.ShouldBeSubsetOf(Segments());
    }

    [Fact]
    public async Task Metadata_of_a_newer_version_is_refused_and_works_again_with_its_own()
    {
        await FillAsync(RecordDurability.Object);
        SetVersion("INSERT INTO schema_version (version, applied_at) VALUES (1000, 0)");
        await using (ServerProcess server = ServerProcess.Launch(_folder, Ports))
        {
            (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
            server.Log.ShouldContain("1000");
        }

        SetVersion("DELETE FROM schema_version WHERE version = 1000");

        await using ServerProcess again = await ServerProcess.StartAsync(_folder);
        (await Traffic.ReadAsync(again, "a")).ShouldBe(Traffic.Values("a", 10));
    }

    [Fact]
    public async Task Node_log_of_another_cluster_is_refused()
    {
        await FillAsync(RecordDurability.Local);
        await using ServerProcess other = await ServerProcess.StartAsync();
        await other.KillAsync();
        Directory.Delete(Path.Combine(_folder, "wal"), recursive: true);
        Directory.Move(Path.Combine(other.DataFolder, "wal"), Path.Combine(_folder, "wal"));

        await using ServerProcess server = ServerProcess.Launch(_folder, Ports);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
        server.Log.ShouldContain("cluster");
    }

    [Fact]
    public async Task Objects_of_another_cluster_are_refused_and_stay()
    {
        await FillAsync(RecordDurability.Object);
        string[] before = Segments();
        await using ServerProcess other = await ServerProcess.StartAsync();
        await other.KillAsync();
        foreach (string name in new[] { "metadata.db", "metadata.db-wal", "metadata.db-shm", "wal" })
        {
            string from = Path.Combine(other.DataFolder, name);
            string to = Path.Combine(_folder, name);
            if (Directory.Exists(from))
            {
                Directory.Delete(to, recursive: true);
                Directory.Move(from, to);
            }
            else if (File.Exists(from))
            {
                File.Move(from, to, overwrite: true);
            }
        }

        await using ServerProcess server = ServerProcess.Launch(_folder, Ports);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, server.Log);
        Segments().ShouldBe(before);
    }

    /// <summary>Ten records in each topic, acknowledged. Object topics end with a clean stop, so that metadata.db has everything; others are killed.</summary>
    private async Task FillAsync(RecordDurability durability, params string[] topics)
    {
        await using ServerProcess server = await ServerProcess.StartAsync(_folder);
        foreach (string topic in topics.DefaultIfEmpty("a"))
        {
            await Traffic.CreateAsync(server, topic, durability);
            await Traffic.ProduceAsync(server, topic, topic, 10);
        }
        if (durability == RecordDurability.Object)
        {
            (await server.StopAsync()).ShouldBe(ExitCode.Success, server.Log);
        }
        else
        {
            await server.KillAsync();
        }
    }

    private void SetVersion(string sql)
    {
        // Before anything else of this process opens a database, or it would work with two libraries at once.
        SqliteNative.EnsureInitialized();
        using SqliteConnection connection = new($"Data Source={Path.Combine(_folder, "metadata.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private Dictionary<string, byte[]> ReadMetadata() => Directory.GetFiles(_folder, "metadata.db*").ToDictionary(f => f, File.ReadAllBytes);

    private void WriteMetadata(Dictionary<string, byte[]> files)
    {
        foreach (string file in Directory.GetFiles(_folder, "metadata.db*"))
        {
            File.Delete(file);
        }
        foreach ((string file, byte[] bytes) in files)
        {
            File.WriteAllBytes(file, bytes);
        }
    }

    private string[] LogFiles() => [.. Directory.GetFiles(Path.Combine(_folder, "wal")).Order(StringComparer.Ordinal)];

    private string[] Segments() =>
        [.. Directory.GetFiles(Path.Combine(_folder, "objects"), "*.seg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static long Find(string file, string text) => File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text));

    private static void Flip(string file, long at)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = at;
        int value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
