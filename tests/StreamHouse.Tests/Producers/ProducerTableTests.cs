using StreamHouse.Broker.Producers;

namespace StreamHouse.Tests.Producers;

public class ProducerTableTests
{
    private readonly ProducerTable _table = new(producersMax: 100);

    [Fact]
    public void Unknown_producer_is_accepted_at_any_sequence()
    {
        _table.Check(Stamp(7, 0, 500, 509), out _).ShouldBe(SequenceCheck.Append);
    }

    [Fact]
    public void Next_sequence_is_accepted_and_a_gap_is_not()
    {
        _table.Note(Stamp(7, 0, 0, 9), 100, 1);

        _table.Check(Stamp(7, 0, 10, 19), out _).ShouldBe(SequenceCheck.Append);
        _table.Check(Stamp(7, 0, 11, 20), out _).ShouldBe(SequenceCheck.OutOfOrder);
    }

    [Fact]
    public void Each_of_the_last_five_batches_is_a_duplicate_with_its_original_offset_and_older_ones_are_out_of_order()
    {
        for (int i = 0; i < 7; i++)
        {
            _table.Note(Stamp(7, 0, i * 10, (i * 10) + 9), 100 + (i * 10), 1);
        }

        for (int i = 2; i < 7; i++)
        {
            _table.Check(Stamp(7, 0, i * 10, (i * 10) + 9), out long original).ShouldBe(SequenceCheck.Duplicate);
            original.ShouldBe(100 + (i * 10));
        }
        _table.Check(Stamp(7, 0, 10, 19), out _).ShouldBe(SequenceCheck.OutOfOrder);
    }

    [Fact]
    public void A_batch_that_overlaps_a_known_one_without_being_it_is_out_of_order()
    {
        _table.Note(Stamp(7, 0, 0, 9), 100, 1);

        _table.Check(Stamp(7, 0, 0, 14), out _).ShouldBe(SequenceCheck.OutOfOrder);
        _table.Check(Stamp(7, 0, 5, 9), out _).ShouldBe(SequenceCheck.OutOfOrder);
    }

    [Fact]
    public void Old_epoch_is_refused_and_a_new_epoch_starts_at_zero()
    {
        _table.Note(Stamp(7, 3, 0, 9), 100, 1);

        _table.Check(Stamp(7, 2, 10, 19), out _).ShouldBe(SequenceCheck.OldEpoch);
        _table.Check(Stamp(7, 4, 10, 19), out _).ShouldBe(SequenceCheck.OutOfOrder);
        _table.Check(Stamp(7, 4, 0, 4), out _).ShouldBe(SequenceCheck.Append);
        _table.Note(Stamp(7, 4, 0, 4), 110, 1);
        _table.Check(Stamp(7, 3, 10, 19), out _).ShouldBe(SequenceCheck.OldEpoch);
    }

    [Fact]
    public void Sequences_wrap_from_the_largest_to_zero()
    {
        _table.Note(Stamp(7, 0, int.MaxValue - 4, int.MaxValue), 100, 1);
        _table.Check(Stamp(7, 0, 0, 9), out _).ShouldBe(SequenceCheck.Append);

        _table.Note(Stamp(8, 0, int.MaxValue - 1, 3), 105, 1);
        _table.Check(Stamp(8, 0, 4, 9), out _).ShouldBe(SequenceCheck.Append);
    }

    [Fact]
    public void A_copy_is_independent()
    {
        _table.Note(Stamp(7, 0, 0, 9), 100, 1);
        ProducerTable copy = _table.Copy();
        _table.Note(Stamp(7, 0, 10, 19), 110, 1);

        copy.Check(Stamp(7, 0, 10, 19), out _).ShouldBe(SequenceCheck.Append);
        _table.Check(Stamp(7, 0, 10, 19), out _).ShouldBe(SequenceCheck.Duplicate);
    }

    [Fact]
    public void A_snapshot_leaves_out_expired_producers_and_restores_the_others_exactly()
    {
        _table.Note(Stamp(7, 1, 0, 9), 100, nowMs: 1_000);
        _table.Note(Stamp(8, 0, 0, 4), 110, nowMs: 5_000);
        _table.Note(Stamp(8, 0, 5, 9), 115, nowMs: 6_000);

        ProducerTable restored = new(producersMax: 100);
        restored.Load(_table.Snapshot(expiredBeforeMs: 2_000));

        restored.Count.ShouldBe(1);
        restored.Check(Stamp(8, 0, 0, 4), out long original).ShouldBe(SequenceCheck.Duplicate);
        original.ShouldBe(110);
        restored.Check(Stamp(8, 0, 10, 14), out _).ShouldBe(SequenceCheck.Append);
        restored.Check(Stamp(8, 0, 11, 14), out _).ShouldBe(SequenceCheck.OutOfOrder);
    }

    [Fact]
    public void Over_the_limit_the_longest_inactive_producer_is_forgotten()
    {
        ProducerTable small = new(producersMax: 2);
        small.Note(Stamp(1, 0, 0, 9), 0, nowMs: 10);
        small.Note(Stamp(2, 0, 0, 9), 10, nowMs: 20);
        small.Note(Stamp(1, 0, 10, 19), 20, nowMs: 30);
        small.Note(Stamp(3, 0, 0, 9), 30, nowMs: 40);

        small.Count.ShouldBe(2);
        small.Check(Stamp(2, 0, 0, 9), out _).ShouldBe(SequenceCheck.Append);
        small.Check(Stamp(1, 0, 10, 19), out _).ShouldBe(SequenceCheck.Duplicate);
    }

    private static ProducerStamp Stamp(long id, short epoch, int first, int last) => new(id, epoch, first, last);
}
