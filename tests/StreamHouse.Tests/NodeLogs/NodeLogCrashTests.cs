namespace StreamHouse.Tests.NodeLogs;

public class NodeLogCrashTests
{
    /// <summary>Several lives in a row, each ended at a random device operation: what was told durable is there, in order, once.</summary>
    [Fact]
    public void Whatever_was_told_durable_survives_crashes_at_any_moment()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            RunLives(seed);
        }
    }

    private static void RunLives(int seed)
    {
        var random = new Random(seed);
        var device = new MemoryLogDevice();
        var appended = new Dictionary<long, List<LogRig.TestEntry>>();
        var durable = new Dictionary<long, int>();
        var tiered = new Dictionary<long, int>();
        for (long group = 1; group <= 4; group++)
        {
            appended[group] = [];
            durable[group] = tiered[group] = 0;
        }
        for (int life = 0; life < 6; life++)
        {
            var rig = new LogRig(device, random.Next());
            foreach (long group in appended.Keys)
            {
                rig.Groups[group] = new Broker.NodeLogs.KnownGroup(tiered[group], 1, Deleted: false);
            }
            Task<Broker.NodeLogs.NodeLogRecovery> open = rig.OpenAsync();
            int openSteps = random.Next(3) == 0 ? random.Next(20) : int.MaxValue;
            while (!open.IsCompleted && openSteps-- > 0)
            {
                device.Step();
            }
            if (open.IsCompleted)
            {
                rig.Use(open.GetAwaiter().GetResult());
                CheckRecovered(seed, rig, appended, durable, tiered);
                Work(random, rig, appended, durable, tiered);
            }
            device = device.Crash(random);
        }
    }

    private static void CheckRecovered(
        int seed, LogRig rig, Dictionary<long, List<LogRig.TestEntry>> appended, Dictionary<long, int> durable, Dictionary<long, int> tiered)
    {
        foreach ((long group, List<LogRig.TestEntry> all) in appended)
        {
            IReadOnlyList<Broker.NodeLogs.RecoveredBatch> found = rig.Recovery.Groups.GetValueOrDefault(group, []);
            int end = Math.Max(tiered[group] + found.Count, tiered[group]);
            end.ShouldBeInRange(durable[group], all.Count, $"seed {seed}: group {group}");
            for (int i = 0; i < found.Count; i++)
            {
                found[i].BaseOffset.ShouldBe(tiered[group] + i);
                found[i].Batch.Span.SequenceEqual(all[tiered[group] + i].Bytes).ShouldBeTrue();
            }
            // What was lost was never told durable: its offsets are free again. What was found is durable now.
            all.RemoveRange(end, all.Count - end);
            durable[group] = end;
        }
    }

    private static void Work(
        Random random, LogRig rig, Dictionary<long, List<LogRig.TestEntry>> appended, Dictionary<long, int> durable, Dictionary<long, int> tiered)
    {
        int told = 0;
        for (int step = random.Next(1, 120); step > 0; step--)
        {
            long group = random.Next(1, 5);
            switch (random.Next(10))
            {
                case < 5:
                    int bytes = random.Next(random.Next(4) == 0 ? 60_000 : 500);
                    if (rig.Log.Admit(bytes) == Broker.NodeLogs.NodeLogAdmission.Admitted)
                    {
                        LogRig.TestEntry entry = rig.Entry(group, appended[group].Count, bytes);
                        appended[group].Add(entry);
                        rig.Log.Append(entry);
                        entry.Batch.Owner.Release();
                    }
                    break;
                case 5:
                    tiered[group] = random.Next(tiered[group], durable[group] + 1);
                    rig.Log.MarkTiered(group, tiered[group]);
                    break;
                case 6:
                    rig.Clock.Advance(TimeSpan.FromMilliseconds(5));
                    break;
                default:
                    for (int i = random.Next(1, 5); i > 0; i--)
                    {
                        rig.Device.Step();
                    }
                    break;
            }
            for (; told < rig.Durable.Count; told++)
            {
                LogRig.TestEntry entry = rig.Durable[told];
                entry.BaseOffset.ShouldBe(durable[entry.Group]);
                durable[entry.Group]++;
            }
        }
        rig.Failed.ShouldBeEmpty();
    }
}
