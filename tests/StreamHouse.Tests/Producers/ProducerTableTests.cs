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
    public void The_producer_without_a_batch_for_longest_is_forgotten_first_also_after_a_copy()
    {
        for (int i = 0; i < 100; i++)
        {
            _table.Note(Stamp(i, 0, 0, 0), i, 1);
        }
        _table.Note(Stamp(0, 0, 1, 1), 100, 2);
        ProducerTable copy = _table.Copy();

        copy.Note(Stamp(1000, 0, 0, 0), 101, 3);

        copy.Count.ShouldBe(100);
        copy.Check(Stamp(0, 0, 1, 1), out _).ShouldBe(SequenceCheck.Duplicate);
        copy.Check(Stamp(1, 0, 5, 5), out _).ShouldBe(SequenceCheck.Append, "it is unknown now");
        _table.Check(Stamp(1, 0, 5, 5), out _).ShouldBe(SequenceCheck.OutOfOrder, "the original has not changed");
    }

    [Fact]
    public void Forgetting_producers_does_not_take_longer_the_more_there_are()
    {
        ProducerTable large = new(producersMax: 200_000);
        long started = TimeProvider.System.GetTimestamp();

        for (int i = 0; i < 400_000; i++)
        {
            large.Note(Stamp(i, 0, 0, 0), i, i);
        }

        large.Count.ShouldBe(200_000);
        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20), "a search through all of them takes minutes");
    }

    [Fact]
    public void Partial_snapshots_are_laid_over_the_state_before_them_and_may_overlap()
    {
        _table.Note(Stamp(7, 0, 0, 0), 100, 1);
        _table.Note(Stamp(8, 0, 0, 0), 101, 1);
        ProducerSnapshot whole = _table.Snapshot(0);
        ProducerTable after = new(producersMax: 100);
        after.Note(Stamp(7, 0, 1, 1), 102, 2);
        ProducerSnapshot first = after.Snapshot(0, isPartial: true);
        after.Note(Stamp(7, 0, 2, 2), 103, 3);
        after.Note(Stamp(9, 0, 0, 0), 104, 3);
        byte[] encoded = new byte[after.Snapshot(0, isPartial: true).EncodedBytes];
        after.Snapshot(0, isPartial: true).Encode(encoded);
        ProducerSnapshot second = ProducerSnapshot.TryDecode(encoded)!;
        (whole.IsPartial, first.IsPartial, second.IsPartial).ShouldBe((false, true, true));

        ProducerTable loaded = new(producersMax: 100);
        loaded.Load(whole);
        loaded.Load(first);
        loaded.Load(second);

        for (int i = 0; i < 3; i++)
        {
            loaded.Check(Stamp(7, 0, i, i), out long original).ShouldBe(SequenceCheck.Duplicate);
            original.ShouldBe(i == 0 ? 100 : 101 + i);
        }
        loaded.Check(Stamp(7, 0, 3, 3), out _).ShouldBe(SequenceCheck.Append);
        loaded.Check(Stamp(8, 0, 0, 0), out _).ShouldBe(SequenceCheck.Duplicate);
        loaded.Check(Stamp(9, 0, 1, 1), out _).ShouldBe(SequenceCheck.Append);
        loaded.Snapshot(0).Producers.Single(p => p.ProducerId == 7).Batches.Count.ShouldBe(3);
    }

    [Fact]
    public void A_partial_snapshot_without_producers_is_told_from_a_whole_one()
    {
        byte[] encoded = new byte[new ProducerSnapshot([], isPartial: true).EncodedBytes];
        new ProducerSnapshot([], isPartial: true).Encode(encoded);

        ProducerSnapshot.TryDecode(encoded)!.IsPartial.ShouldBeTrue();
        ProducerSnapshot.TryDecode([])!.IsPartial.ShouldBeFalse();
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
