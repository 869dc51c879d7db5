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

        rig.Reopen().ShouldHaveRecovered(a, b, c);
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
        rig.Device.Writes.Count.ShouldBe(2);
    }
}
