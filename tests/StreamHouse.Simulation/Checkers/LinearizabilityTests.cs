namespace StreamHouse.Simulation.Checkers;

public sealed class LinearizabilityTests
{
    [Fact]
    public void Appends_one_after_another_hold() => Check([Append(0, 1, 0, 2), Append(2, 3, 2, 1), Asked(4, 5, 3)], true);

    [Fact]
    public void Concurrent_appends_may_take_either_order() => Check([Append(0, 9, 5, 2), Append(1, 8, 0, 5), Asked(2, 7, 5)], true);

    [Fact]
    public void An_append_that_ended_before_another_began_lies_before_it() => Check([Append(0, 1, 3, 1), Append(2, 3, 0, 3)], false);

    [Fact]
    public void A_question_must_see_what_was_acknowledged_before_it() => Check([Append(0, 1, 0, 2), Asked(2, 3, 0)], false);

    [Fact]
    public void A_question_may_not_go_back() => Check([Append(0, 9, 0, 2), Asked(1, 2, 2), Asked(3, 4, 0)], false);

    [Fact]
    public void An_append_without_an_answer_may_take_effect_late() => Check([Append(0, null, 1, 2), Append(5, 6, 0, 1), Asked(7, 8, 1), Asked(9, 10, 3)], true);

    [Fact]
    public void Two_appends_at_one_offset_do_not_hold() => Check([Append(0, 1, 0, 1), Append(0, 1, 0, 1)], false);

    [Fact]
    public void Many_concurrent_operations_are_decided_soon()
    {
        List<LogOperation> operations = [];
        for (int i = 0; i < 3000; i++)
        {
            operations.Add(Append(3000 - i, 4000, i, 1));
        }
        Check(operations, true);
    }

    private static void Check(IReadOnlyList<LogOperation> operations, bool holds) => Linearizability.Holds(operations).ShouldBe(holds);

    private static LogOperation Append(int began, int? ended, long offset, int count) =>
        new(TimeSpan.FromSeconds(began), ended is { } e ? TimeSpan.FromSeconds(e) : null, offset, count);

    private static LogOperation Asked(int began, int ended, long answer) => new(TimeSpan.FromSeconds(began), TimeSpan.FromSeconds(ended), answer, 0);
}
