using StreamHouse.Broker;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public class NodeLogRecoveryTests
{
    private const int Block = 4096;

    [Fact]
    public void A_tail_torn_at_any_byte_of_the_last_frame_costs_that_frame_only()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 700);
        rig.Device.Pump();
        string name = rig.Device.LogNames.First();
        byte[] before = (byte[])rig.Device.Files[name].Clone();
        var b = rig.Append(1, 1, 3000);
        rig.Device.Pump();
        byte[] after = rig.Device.Files[name];
        (string _, long position, int length) = rig.Device.Writes[^1];
        int used = 40 + 41 + 3000;
        length.ShouldBe(Block);

        for (int kept = 0; kept <= length; kept++)
        {
            byte[] torn = (byte[])before.Clone();
            after.AsSpan((int)position, kept).CopyTo(torn.AsSpan((int)position));
            MemoryLogDevice device = rig.Device.Copy();
            device.Files[name] = torn;
            using var scan = new ScanResult(device);
            scan.Verdict.ShouldNotBe(NodeLogVerdict.Corrupt);
            scan.Batches.Count.ShouldBe(kept < used ? 1 : 2, $"{kept} bytes of the last frame were written");
        }
        rig.Reopen().ShouldHaveRecovered(a, b);
    }

    [Fact]
    public void Any_flipped_bit_of_what_was_proven_refuses_the_start_naming_file_and_offset()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 300);
        rig.Device.Pump();
        rig.Append(1, 1, 20);
        rig.FallIdle();
        string name = rig.Device.LogNames.First();
        long position = rig.Device.Writes[^3].Position;
        for (int at = 0; at < 40 + 41 + 300; at++)
        {
            MemoryLogDevice device = rig.Device.Copy();
            device.Files[name][position + at] ^= (byte)(1 << (at % 8));
            using var scan = new ScanResult(device);
            scan.Verdict.ShouldBe(NodeLogVerdict.Corrupt, $"byte {at}");
        }

        MemoryLogDevice damaged = rig.Device.Copy();
        damaged.Files[name][position + 100] ^= 1;
        var error = Should.Throw<BrokerException>(() => rig.Reopen(damaged));
        error.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        error.Message.ShouldContain(name);
        error.Message.ShouldContain($"offset {position}");
        damaged.Writes.ShouldBeEmpty("a refused log is left as it is");
    }

    [Fact]
    public void A_flipped_bit_in_the_last_acknowledged_batch_is_noticed_once_the_log_was_idle()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 300);
        rig.Device.Pump();
        long position = rig.Device.Writes[^1].Position;
        string name = rig.Device.LogNames.First();

        MemoryLogDevice early = rig.Device.Copy();
        early.Files[name][position + 50] ^= 1;
        rig.Reopen(early).ShouldHaveRecovered();

        rig.FallIdle();
        MemoryLogDevice late = rig.Device.Copy();
        late.Files[name][position + 50] ^= 1;
        Should.Throw<BrokerException>(() => rig.Reopen(late)).Message.ShouldContain(name);
    }

    [Fact]
    public void A_lost_last_frame_of_a_file_is_noticed_by_the_next_file()
    {
        LogRig rig = new LogRig().Open();
        string first = rig.Device.LogNames.First();
        for (int i = 0; rig.Log.FilesInUse < 3; i++)
        {
            rig.Append(1, i, 20_000);
            rig.Device.Pump();
        }
        (string File, long Position, int _) = rig.Device.Writes.FindLast(w => w.File == first);
        MemoryLogDevice device = rig.Device.Copy();
        device.Files[File].AsSpan((int)Position).Clear();
        string message = Should.Throw<BrokerException>(() => rig.Reopen(device)).Message;
        message.ShouldContain(File);
        message.ShouldContain($"offset {Position}");
    }

    [Fact]
    public void What_may_only_have_been_in_the_page_cache_is_synced_again_before_it_is_served()
    {
        // More than a quarter of a file, so that only the unproven part is copied.
        LogRig rig = new LogRig().Open();
        var entries = new List<LogRig.TestEntry>();
        for (int i = 0; i < 5; i++)
        {
            entries.Add(rig.Append(1, i, 30_000));
            rig.Device.Pump();
        }
        string old = rig.Device.LogNames.First();
        MemoryLogDevice disk = rig.Device.Copy();

        LogRig second = rig.Reopen(disk);
        second.ShouldHaveRecovered([.. entries]);
        int copied = disk.Journal.FindIndex(j => j.StartsWith("write", StringComparison.Ordinal) && j.EndsWith(" 32768", StringComparison.Ordinal));
        int published = disk.Journal.FindIndex(j => j.StartsWith("rename", StringComparison.Ordinal) && j.EndsWith(".log", StringComparison.Ordinal) && j.Contains(".spare", StringComparison.Ordinal));
        copied.ShouldBeInRange(0, published);

        // The last frame of the old file vanishes with the page cache: nothing is missing.
        MemoryLogDevice third = disk.Copy();
        third.Files[old].AsSpan((int)rig.Device.Writes[^1].Position).Clear();
        LogRig again = rig.Reopen(third);
        again.ShouldHaveRecovered([.. entries]);
        var more = again.Append(1, 5, 10);
        again.Device.Pump();
        again.Reopen().ShouldHaveRecovered([.. entries, more]);
    }

    [Fact]
    public void A_crash_at_any_step_of_a_recovery_loses_nothing()
    {
        LogRig rig = new LogRig().Open();
        var entries = new List<LogRig.TestEntry>();
        for (int i = 0; i < 5; i++)
        {
            entries.Add(rig.Append(1, i, 30_000));
            rig.Device.Pump();
        }
        bool finished = false;
        for (int steps = 0; !finished; steps++)
        {
            MemoryLogDevice device = rig.Device.Copy();
            var second = new LogRig(device, steps) { Options = rig.Options };
            second.Groups[1] = default;
            Task<NodeLogRecovery> open = second.OpenAsync();
            for (int i = 0; i < steps && !open.IsCompleted; i++)
            {
                device.Step();
            }
            finished = open.IsCompleted;
            LogRig third = rig.Reopen(device.Crash(new Random(steps)));
            third.ShouldHaveRecovered([.. entries]);
        }
    }

    [Fact]
    public void Restarts_in_a_row_do_not_leave_a_file_each()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 1000);
        rig.Device.Pump();
        for (int i = 0; i < 10; i++)
        {
            rig = rig.Reopen();
            rig.ShouldHaveRecovered(a);
            rig.Device.LogNames.Count().ShouldBe(2, "one file with the data, one ready");
            rig.Device.Files.Count.ShouldBeLessThanOrEqualTo(4);
        }
    }

    [Fact]
    public void Tiered_batches_are_not_recovered_and_the_rest_starts_at_the_tiered_end()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 100, count: 10);
        var b = rig.Append(1, 10, 100, count: 5);
        rig.Append(2, 0, 100);
        rig.Append(3, 0, 100);
        rig.Device.Pump();
        rig.Groups[1] = new KnownGroup(10, 1, Deleted: false);
        rig.Groups[2] = new KnownGroup(50, 1, Deleted: false); // ends below what is tiered: fine
        rig.Groups[3] = new KnownGroup(0, 1, Deleted: true);
        LogRig second = rig.Reopen();
        second.ShouldHaveRecovered(b);
        second.Recovery.Groups.Keys.ShouldBe([1]);
    }

    [Fact]
    public void A_gap_between_objects_and_log_refuses_the_start()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 10, 100);
        rig.Device.Pump();
        rig.Groups[1] = new KnownGroup(9, 1, Deleted: false);
        Should.Throw<BrokerException>(() => rig.Reopen()).Message.ShouldContain("offsets 9 to 9");
        rig.Groups[1] = new KnownGroup(10, 1, Deleted: false);
        rig.Reopen();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(long.MaxValue)]
    public void A_hint_above_the_committed_end_refuses_the_start(long hint)
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 100);
        rig.Append(1, 1, 100);
        rig.Device.Pump();
        rig.Log.MarkTiered(1, hint);
        rig.Append(2, 0, 100);
        rig.Device.Pump();
        rig.Groups[1] = new KnownGroup(1, 1, Deleted: false);

        var error = Should.Throw<BrokerException>(() => rig.Reopen());
        error.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        error.Message.ShouldContain("group 1,");
        error.Message.ShouldContain("has its end at 1");

        rig.Groups[1] = hint == long.MaxValue ? new KnownGroup(1, 2, Deleted: true) : new KnownGroup(hint, 1, Deleted: false);
        rig.Reopen().Recovery.Groups.ContainsKey(1).ShouldBeFalse();
    }

    [Fact]
    public void A_record_of_a_later_epoch_than_the_lease_refuses_the_start()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 100, epoch: 5);
        rig.Device.Pump();
        rig.Groups[1] = new KnownGroup(1, 4, Deleted: false);
        Should.Throw<BrokerException>(() => rig.Reopen()).Message.ShouldContain("at epoch 5");
        rig.Groups[1] = new KnownGroup(0, 5, Deleted: false);
        rig.Reopen().Recovery.Groups.Keys.ShouldBe([1]);
    }

    [Fact]
    public void A_group_the_metadata_does_not_know_refuses_the_start()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(77, 0, 100);
        rig.Device.Pump();
        rig.Groups.Clear();
        var error = Should.Throw<BrokerException>(() => rig.Reopen());
        error.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        error.Message.ShouldContain("group 77");
    }

    [Fact]
    public void Another_clusters_log_and_a_newer_version_are_refused()
    {
        LogRig rig = new LogRig().Open();
        string name = rig.Device.LogNames.First();
        NodeLogIdentity? identity = rig.Device.Run(NodeLog.ReadIdentityAsync(rig.Device, CancellationToken.None));
        identity.ShouldBe(new NodeLogIdentity(rig.Log.Id, LogRig.ClusterId));

        MemoryLogDevice newer = rig.Device.Copy();
        newer.Files[name][7] = 9;
        string message = Should.Throw<BrokerException>(() => rig.Reopen(newer)).Message;
        message.ShouldContain("version 9");
        message.ShouldContain("version 1");

        MemoryLogDevice damaged = rig.Device.Copy();
        damaged.Files[name][30] ^= 4;
        Should.Throw<BrokerException>(() => rig.Reopen(damaged)).Message.ShouldContain(name);

        byte[] block = rig.Device.Files[name].AsSpan(0, Block).ToArray();
        LogFileHeader.Read(block, out LogFileHeader header, out _).ShouldBe(LogFileHeaderState.Valid);
        foreach (string other in rig.Device.LogNames.ToList())
        {
            LogFileHeader.Read(rig.Device.Files[other], out header, out _);
            (header with { ClusterId = Guid.Empty }).Write(rig.Device.Files[other]);
        }
        message = Should.Throw<BrokerException>(() => rig.Reopen()).Message;
        message.ShouldContain(Guid.Empty.ToString());
        message.ShouldContain(LogRig.ClusterId.ToString());
    }

    [Fact]
    public void A_missing_file_in_the_middle_refuses_the_start()
    {
        LogRig rig = new LogRig().Open();
        for (int i = 0; rig.Log.FilesInUse < 4; i++)
        {
            rig.Append(1, i, 60_000);
            rig.Device.Pump();
        }
        string middle = rig.Device.LogNames.ElementAt(1);
        MemoryLogDevice device = rig.Device.Copy();
        device.Files.Remove(middle);
        Should.Throw<BrokerException>(() => rig.Reopen(device)).Message.ShouldContain(middle);
    }

    [Fact]
    public void Frames_of_a_recycled_files_earlier_use_are_not_recovered()
    {
        LogRig rig = new LogRig().Open();
        int offset = 0;
        while (!rig.Device.Journal.Exists(j => j.StartsWith("rename", StringComparison.Ordinal) && j.EndsWith(".spare", StringComparison.Ordinal)))
        {
            rig.Append(1, offset++, 9_000);
            rig.Device.Pump();
            rig.Log.MarkTiered(1, offset);
        }
        rig.Device.Journal.Clear();
        int creates = 0;
        for (int i = 0; i < 100; i++)
        {
            rig.Append(1, offset++, 9_000);
            rig.Device.Pump();
            rig.Log.MarkTiered(1, offset);
            creates += rig.Device.Journal.Count(j => j.StartsWith("create", StringComparison.Ordinal));
            rig.Device.Journal.Clear();
        }
        creates.ShouldBeLessThanOrEqualTo(1, "files are written over");
        rig.Groups[1] = new KnownGroup(offset, 1, Deleted: false);
        var last = rig.Append(1, offset, 100);
        rig.Device.Pump();
        rig.Reopen().ShouldHaveRecovered(last);
    }

    [Fact]
    public void More_than_memory_may_hold_refuses_the_start()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 50_000);
        rig.Append(1, 1, 50_000);
        rig.Device.Pump();
        rig.RecoveredBytesMax = 99_999;
        Should.Throw<BrokerException>(() => rig.Reopen()).Message.ShouldContain("Tail:UntieredBytesMax");
        rig.RecoveredBytesMax = 100_000;
        rig.Reopen();
    }
}
