using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public class NodeLogTests
{
    [Fact]
    public void What_was_appended_is_recovered_with_its_bytes()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(group: 7, baseOffset: 0, bytes: 100, count: 3);
        var b = rig.Append(group: 8, baseOffset: 0, bytes: 5000);
        var c = rig.Append(group: 7, baseOffset: 3, bytes: 1, count: 2, epoch: 4);
        rig.Device.Pump();
        rig.Durable.ShouldBe([a, b, c]);

        LogRig second = rig.Reopen();
        second.ShouldHaveRecovered(a, b, c);
        second.Log.Id.ShouldBe(rig.Log.Id);
    }

    [Fact]
    public void Nothing_is_acknowledged_before_its_write_was_synced()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 100);
        rig.Device.Step().ShouldBeTrue(); // the writer enters the device and asks for the write
        rig.Device.Queued.ShouldBe(1);
        rig.Durable.ShouldBeEmpty();
        rig.Device.Step().ShouldBeTrue();
        rig.Durable.ShouldBe([a]);
    }

    [Fact]
    public void What_waits_while_a_frame_is_written_shares_the_next_frame()
    {
        LogRig rig = new LogRig().Open();
        rig.Device.Writes.Clear();
        var entries = new List<LogRig.TestEntry> { rig.Append(1, 0, 100) };
        rig.Device.Step();
        for (int i = 1; i <= 50; i++)
        {
            entries.Add(rig.Append(1 + (i % 10), i, 100));
        }
        rig.Device.Pump();
        rig.Durable.ShouldBe(entries);
        rig.Device.Writes.Select(w => w.Bytes).ShouldBe([4096, 8192]);
    }

    [Fact]
    public void A_frame_is_bounded_and_a_larger_batch_makes_one_of_its_own()
    {
        LogRig rig = new LogRig().Open();
        rig.Device.Writes.Clear();
        int large = rig.Options.FrameBytesMax * 2;
        for (int i = 0; i < 10; i++)
        {
            rig.Append(1, i, 16_000);
        }
        var last = rig.Append(1, 10, large);
        rig.Device.Pump();
        rig.Durable.Count.ShouldBe(11);
        rig.Durable[^1].ShouldBe(last);
        List<int> frames = [.. rig.Device.Writes.Where(w => w.Position > 0).Select(w => w.Bytes)];
        frames[^1].ShouldBe(LogLayout.FrameBytesAlone(large));
        frames[..^1].ShouldAllBe(bytes => bytes <= rig.Options.FrameBytesMax);
        frames.Count.ShouldBe(1 + 3, "four batches fit into a frame");
        rig.Reopen().ShouldHaveRecovered([.. rig.Durable]);
    }

    [Fact]
    public void The_largest_batch_fits_and_one_byte_more_is_refused()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 10);
        rig.Device.Pump();
        var b = rig.Append(1, 1, rig.Options.BatchBytesMax);
        rig.Device.Pump();
        rig.Reopen().ShouldHaveRecovered(a, b);
        Should.Throw<ArgumentOutOfRangeException>(() => rig.Log.Admit(rig.Options.BatchBytesMax + 1));
    }

    [Fact]
    public void The_buffer_is_given_back_once_the_batch_is_in_the_frame()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 100);
        rig.Device.Pump();
        Should.Throw<ObjectDisposedException>(a.Batch.Owner.Retain);
    }

    [Fact]
    public void Five_idle_milliseconds_sync_one_empty_frame_and_no_more()
    {
        LogRig rig = new LogRig().Open();
        rig.Clock.PendingTimers.ShouldBe(0);
        rig.Append(1, 0, 100);
        rig.Device.Pump();
        rig.Append(1, 1, 100);
        rig.Device.Pump();
        rig.Clock.PendingTimers.ShouldBe(1, "one delay, however many bursts");
        rig.Device.Writes.Clear();
        rig.FallIdle();
        rig.Device.Writes.Select(w => w.Bytes).ShouldBe([4096]);
        rig.Clock.PendingTimers.ShouldBe(0);
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        rig.Device.Pump();
        rig.Device.Writes.Count.ShouldBe(1);
    }

    [Fact]
    public void Work_meanwhile_postpones_the_idle_frame()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(1, 0, 100);
        rig.Device.Pump();
        rig.Device.Writes.Clear();
        for (int i = 1; i < 10; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMilliseconds(4));
            rig.Append(1, i, 100);
            rig.Device.Pump();
        }
        rig.Device.Writes.Count.ShouldBe(9, "only the batches");
        rig.FallIdle();
        rig.Device.Writes.Count.ShouldBe(10);
    }

    [Fact]
    public void Closing_writes_what_waits_and_proves_it()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 100);
        rig.Device.Run(rig.Log.DisposeAsync().AsTask());
        rig.Durable.ShouldBe([a]);
        rig.Log.Admit(1).ShouldBe(NodeLogAdmission.Closed);
        (string file, long position, _) = rig.Device.Writes[^2];
        MemoryLogDevice device = rig.Device.Copy();
        device.Files[file][position + 60] ^= 1;
        using var scan = new ScanResult(device);
        scan.Verdict.ShouldBe(NodeLogVerdict.Corrupt);
    }

    [Fact]
    public void A_failed_write_fails_everything_after_it_and_is_never_tried_again()
    {
        LogRig rig = new LogRig().Open();
        var ok = rig.Append(1, 0, 100);
        rig.Device.Pump();
        rig.Device.WriteFailure = new IOException("fdatasync: EIO");
        var first = rig.Append(1, 1, 100);
        rig.Device.Step();
        var second = rig.Append(2, 0, 100);
        rig.Device.Writes.Clear();
        rig.Log.Failed.IsCompleted.ShouldBeFalse();
        rig.Device.Pump();
        rig.Durable.ShouldBe([ok]);
        rig.Failed.ShouldBe([first, second]);
        rig.Log.Failed.IsCompletedSuccessfully.ShouldBeTrue();
        rig.Log.Admit(10).ShouldBe(NodeLogAdmission.Closed);
        rig.SpaceChanges.ShouldBe(1, "appends that wait must learn of it");

        var late = rig.Entry(1, 2, 100);
        rig.Log.Append(late);
        late.Batch.Owner.Release();
        rig.Device.Pump();
        rig.Failed.ShouldBe([first, second, late]);
        Should.Throw<ObjectDisposedException>(late.Batch.Owner.Retain);
        rig.Device.Writes.ShouldBeEmpty();
        rig.FallIdle();
        rig.Device.Run(rig.Log.DisposeAsync().AsTask());
        rig.Device.Writes.ShouldBeEmpty("not even the closing frame");
    }
}
