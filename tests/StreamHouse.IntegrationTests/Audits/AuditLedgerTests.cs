namespace StreamHouse.IntegrationTests.Audits;

/// <summary>The audit finds what it is there to find.</summary>
public sealed class AuditLedgerTests
{
    private static readonly AuditPartition At = new("t", 0);

    private readonly AuditLedger _ledger = new();

    [Fact]
    public void Record_that_was_given_up_may_be_there_again_under_another_identity()
    {
        _ledger.Acknowledge(At, 2, new(7, 0));

        Check([new(7, 0), new(7, 1), new(7, 0)], [new(1, 0, 0), new(1, 0, 1), new(1, 1, 0)]);

        _ledger.Faults.ShouldBeEmpty();
    }

    [Fact]
    public void Record_that_is_there_twice_under_one_identity_is_a_fault()
    {
        Check([new(7, 0), new(7, 0)], [new(1, 0, 0), new(1, 0, 1)]);

        _ledger.Faults.ShouldHaveSingleItem().ShouldContain("a second time");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Sequence_of_one_identity_that_comes_again_or_is_left_out_is_a_fault(int sequence)
    {
        Check([new(7, 0), new(8, 0), new(7, 1)], [new(1, 0, 0), new(2, 0, 0), new(1, 0, sequence)]);

        _ledger.Faults.ShouldHaveSingleItem().ShouldContain($"sequence {sequence} of producer 1");
    }

    [Fact]
    public void Identity_that_does_not_begin_with_its_first_sequence_is_a_fault()
    {
        Check([new(7, 0), new(7, 1), new(7, 2)], [new(1, 0, 0), new(1, 1, 5), new(1, 1, 6)]);

        _ledger.Faults.ShouldHaveSingleItem().ShouldContain("@1: sequence 5 of producer 1, epoch 1");
    }

    [Fact]
    public void Acknowledged_record_that_is_there_once_more_behind_its_place_is_a_fault_under_any_identity()
    {
        _ledger.Acknowledge(At, 0, new(7, 0));

        Check([new(7, 0), new(7, 0)], [new(1, 0, 0), new(1, 1, 0)]);

        _ledger.Faults.ShouldHaveSingleItem().ShouldContain("once more at 1");
    }

    private void Check(AuditRecord[] log, AuditIdentity[] identities) => _ledger.Check(At, log, _ => false, identities);
}
