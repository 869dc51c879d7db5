namespace StreamHouse.Simulation.Runner;

public sealed class RunnerTests
{
    [Theory]
    [InlineData("--seeds")]
    [InlineData("--seeds", "5..4")]
    [InlineData("--seeds", "x")]
    [InlineData("--jobs", "0")]
    [InlineData("--scenario", "nothing")]
    [InlineData("--what")]
    public void A_command_line_without_sense_is_refused(params string[] args)
    {
        StringWriter output = new();
        SimulationRunner.Run(args, output).ShouldBe(2);
        output.ToString().ShouldStartWith("usage:");
    }

    [Fact]
    public void The_last_line_counts()
    {
        StringWriter output = new();
        SimulationRunner.Run(["--scenario", "single", "--seeds", "19"], output).ShouldBe(0);
        output.ToString().TrimEnd().Split('\n')[^1].ShouldBe("1 passed, 0 failed");
    }
}
