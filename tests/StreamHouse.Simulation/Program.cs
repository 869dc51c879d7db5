using StreamHouse.Simulation.Runner;

// With --seeds or --replay it runs seeds; otherwise it is a test project like the others.
return args.Any(a => a is "--seeds" or "--seed" or "--help-simulation")
    ? SimulationRunner.Run(args)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
