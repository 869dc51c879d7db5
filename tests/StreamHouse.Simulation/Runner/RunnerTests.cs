namespace StreamHouse.Simulation.Runner;

public sealed class RunnerTests
{
    [Theory]
    [InlineData("--seeds")]
    [InlineData("--seeds", "5..4")]
    [InlineData("--seeds", "x")]
    [InlineData("--jobs", "0")]
    [InlineData("--scenario", "nothing")]
    [InlineData("--break", "nothing")]
    [InlineData("--what")]
    public void A_command_line_without_sense_is_refused(params string[] args)
    {
        StringWriter output = new();
        SimulationRunner.Run(args, output).ShouldBe(2);
        output.ToString().ShouldStartWith("usage:");
    }

    [Fact]
    public void The_last_lines_say_how_fast_it_went_and_count()
    {
        StringWriter output = new();
        SimulationRunner.Run(["--scenario", "single", "--seeds", "19"], output).ShouldBe(0);
        string[] lines = output.ToString().TrimEnd().Split('\n');
        lines[^1].ShouldBe("1 passed, 0 failed");
        lines[^3].ShouldMatch("^single: 1 runs, .* simulated hours, .*; [0-9]+ x real time, [0-9]+ x processor time$");
    }
}
