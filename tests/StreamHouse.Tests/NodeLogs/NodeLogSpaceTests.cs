using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public class NodeLogSpaceTests
{
    [Fact]
    public void A_full_disk_is_told_before_sequencing_and_service_resumes_when_space_returns()
    {
        LogRig rig = new LogRig().Open();
        rig.Device.Full = true;
        int offset = 0;
        while (rig.Log.Admit(20_000) == NodeLogAdmission.Admitted)
        {
            AppendAdmitted(rig, offset++);
        }
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.NoSpace);
        rig.Log.Failed.IsCompleted.ShouldBeFalse();
        rig.Durable.Count.ShouldBe(offset, "what was admitted is written");
        rig.Log.FilesInUse.ShouldBe(2);

        int changes = rig.SpaceChanges;
        rig.Clock.Advance(rig.Options.SpaceRetryDelay);
        rig.Device.Pump();
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.NoSpace);
        rig.Device.Full = false;
        rig.Device.Pump();
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.NoSpace);
        rig.Clock.Advance(rig.Options.SpaceRetryDelay);
        rig.Device.Pump();
        rig.SpaceChanges.ShouldBeGreaterThan(changes);
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.Admitted);
        AppendAdmitted(rig, offset++);
        rig.Reopen().ShouldHaveRecovered([.. rig.Durable]);
    }

    [Fact]
    public void A_full_disk_is_no_hindrance_while_files_are_recycled()
    {
        LogRig rig = new LogRig().Open();
        rig.Device.Full = true;
        for (int i = 0; i < 100; i++)
        {
            NodeLogAdmission answer = rig.Log.Admit(20_000);
            if (answer != NodeLogAdmission.Admitted)
            {
                answer.ShouldBe(NodeLogAdmission.NoSpace);
                rig.Log.MarkTiered(1, i);
                rig.Device.Pump();
                rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.Admitted, "the tiered file is written over at once");
            }
            AppendAdmitted(rig, i);
        }
        rig.Durable.Count.ShouldBe(100);
    }

    [Fact]
    public void A_server_with_a_full_disk_can_start()
    {
        LogRig rig = new LogRig().Open();
        var a = rig.Append(1, 0, 100);
        rig.Device.Pump();
        MemoryLogDevice device = rig.Device.Copy();
        device.Full = true;
        rig.Reopen(device).ShouldHaveRecovered(a);
    }

    [Fact]
    public void At_the_limit_of_files_appends_wait_until_data_is_tiered()
    {
        var rig = new LogRig();
        rig.Options = rig.Options with { FilesMax = 3 };
        rig.Open();
        int offset = 0;
        while (rig.Log.Admit(20_000) == NodeLogAdmission.Admitted)
        {
            AppendAdmitted(rig, offset++);
        }
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.Wait);
        rig.Log.FilesInUse.ShouldBe(3);
        int changes = rig.SpaceChanges;
        rig.Log.MarkTiered(1, offset);
        rig.Device.Pump();
        rig.SpaceChanges.ShouldBe(changes + 1);
        rig.Log.Admit(20_000).ShouldBe(NodeLogAdmission.Admitted);
    }

    [Fact]
    public void A_deleted_topic_pins_nothing_even_by_batches_still_to_come()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(5, 0, 100);
        rig.Device.Pump();
        rig.Log.MarkTiered(5, long.MaxValue);
        rig.Append(5, 1, 100);
        int offset = 0;
        while (rig.Log.FilesInUse < 3 && offset < 100)
        {
            rig.Append(1, offset++, 20_000);
            rig.Device.Pump();
            rig.Log.MarkTiered(1, offset);
        }
        rig.Device.Pump();
        rig.Log.FilesInUse.ShouldBe(2);
    }

    [Fact]
    public void Trim_hints_ride_in_the_padding_of_frames()
    {
        LogRig rig = new LogRig().Open();
        for (int group = 0; group < 150; group++)
        {
            rig.Append(group, 0, 100);
            rig.Device.Pump();
        }
        for (int group = 0; group < 150; group++)
        {
            rig.Log.MarkTiered(group, 1);
        }
        rig.Device.Writes.Clear();
        rig.Append(1, 1, 10);
        rig.Device.Pump();
        rig.FallIdle();
        rig.Device.Writes.Select(w => w.Bytes).ShouldBe([4096, 4096]);
        using var scan = new ScanResult(rig.Device.Copy());
        scan.Hints.Count.ShouldBe(150);
        scan.Hints.Order().ShouldBe(Enumerable.Range(0, 150).Select(group => ((long)group, 1L)));
    }

    [Fact]
    public void An_append_that_waits_for_others_is_told_when_they_are_written()
    {
        LogRig rig = new LogRig().Open();
        int offset = 0;
        while (rig.Log.Admit(100) == NodeLogAdmission.Admitted)
        {
            LogRig.TestEntry entry = rig.Entry(1, offset++, 100);
            rig.Log.Append(entry);
            entry.Batch.Owner.Release();
        }
        rig.SpaceChanges.ShouldBe(0);
        NodeLogAdmission? retried = null;
        rig.Log.SpaceChanged += () => retried ??= rig.Log.Admit(100);
        rig.Device.Step();
        rig.Device.Step();
        retried.ShouldBe(NodeLogAdmission.Admitted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_admitted_always_fits_in_whatever_order_it_is_appended(int seed)
    {
        var random = new Random(seed);
        LogRig rig = new LogRig(seed: seed).Open();
        var admitted = new List<int>();
        long offset = 0;
        for (int round = 0; round < 400; round++)
        {
            int bytes = random.Next(3) == 0 ? random.Next(1, rig.Options.BatchBytesMax / 3) : random.Next(1, 5000);
            if (random.Next(5) > 0 && rig.Log.Admit(bytes) == NodeLogAdmission.Admitted)
            {
                admitted.Add(bytes);
                continue;
            }
            while (admitted.Count > 0)
            {
                int pick = random.Next(admitted.Count);
                LogRig.TestEntry entry = rig.Entry(1, offset++, admitted[pick]);
                admitted.RemoveAt(pick);
                rig.Log.Append(entry);
                entry.Batch.Owner.Release();
                // The housekeeper gets no chance: two files must do.
                if (random.Next(3) == 0)
                {
                    rig.Device.Step();
                }
            }
            rig.Device.Pump();
            rig.Log.Failed.IsCompleted.ShouldBeFalse();
            rig.Log.MarkTiered(1, offset);
        }
        rig.Durable.Count.ShouldBe((int)offset);
    }

    private static void AppendAdmitted(LogRig rig, int offset)
    {
        LogRig.TestEntry entry = rig.Entry(1, offset, 20_000);
        rig.Log.Append(entry);
        entry.Batch.Owner.Release();
        rig.Device.Pump();
    }
}
