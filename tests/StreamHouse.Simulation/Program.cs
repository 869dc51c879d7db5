using StreamHouse.Simulation.Runner;

// Run by simulate.sh with "simulate", it runs seeds; otherwise it is a test project like the others.

return args switch
{
    ["simulate", ..] => SimulationRunner.Run(args.AsSpan(1), Console.Out),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
