using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Feeds the audit of records that were not waited for with logs, good and bad.</summary>
public sealed class WeakAuditTests
{
    private const long Former = 3;
    private const long InForce = 4;

    [Fact]
    public void All_records_in_place_hold() => Check(records: [10, 11, 12, 13], (InForce, 0, [10, 11]), (InForce, 2, [12, 13]));

    [Fact]
    public void What_a_former_epoch_lost_at_its_end_holds() => Check(records: [10, 11, 40], (Former, 0, [10, 11]), (Former, 2, [12]), (InForce, 2, [40]));

    [Fact]
    public void What_retention_removed_is_not_missed()
    {
        PartitionModel model = Model((InForce, 0, [10, 11]), (InForce, 2, [12]));
        WeakAudit.Check(model, 2, [12], InForce);
    }

    [Fact]
    public void A_record_lost_in_the_epoch_in_force_is_noticed() =>
        Fails(records: [10, 11], "sequenced at 2 in epoch 4 are lost", (InForce, 0, [10, 11]), (InForce, 2, [12]));

    [Fact]
    public void Another_record_in_the_place_of_one_of_the_epoch_in_force_is_noticed() =>
        Fails(records: [10, 99], "sequenced at 0 in epoch 4 are lost", (InForce, 0, [10, 11]));

    [Fact]
    public void A_hole_in_a_former_epoch_is_noticed() =>
        Fails(records: [10, 99, 12], "of epoch 3 the records at 1 are lost, but not those at 2", (Former, 0, [10]), (Former, 1, [11]), (Former, 2, [12]));

    [Fact]
    public void Records_of_one_connection_out_of_order_are_noticed()
    {
        PartitionModel model = Model();
        model.Orders.Add([10, 11, 12]);
        (ulong, long)[] places = [(10, 0), (12, 1), (11, 2)];
        foreach ((ulong record, long offset) in places)
        {
            model.Learn(offset, record, acknowledged: false, "a test");
        }
        Should.Throw<InvariantException>(() => WeakAudit.Check(model, 0, [10, 12, 11], InForce)).Message.ShouldContain("but was sent after");
    }

    private static void Check(ulong[] records, params (long Epoch, long Offset, ulong[] Records)[] weak) => WeakAudit.Check(Model(weak), 0, records, InForce);

    private static void Fails(ulong[] records, string why, params (long Epoch, long Offset, ulong[] Records)[] weak) =>
        Should.Throw<InvariantException>(() => Check(records, weak)).Message.ShouldContain(why);

    private static PartitionModel Model(params (long Epoch, long Offset, ulong[] Records)[] weak)
    {
        PartitionModel model = new(new TopicPartition(new TopicId(Guid.NewGuid()), 0));
        model.Weak.AddRange(weak.Select(w => new WeakAppend(w.Records, w.Epoch, w.Offset)));
        return model;
    }
}
