namespace StreamHouse.Simulation.Scenarios;

/// <summary>The scenarios by name.</summary>
internal static class AllScenarios
{
    /// <summary>Those that each seed runs.</summary>
    public static IReadOnlyList<Scenario> Every { get; } = [new SingleNode(), new SharedCluster()];

    /// <summary>One of <see cref="Every"/>, or one that is run by tests and by name only.</summary>
    public static Scenario? Find(string name) => Every.Concat([new UnsyncedBitFlips(), new ProvenBitFlips()]).FirstOrDefault(s => s.Name == name);
}
