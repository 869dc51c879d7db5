namespace StreamHouse.Simulation.Scenarios;

/// <summary>The scenarios by name.</summary>
internal static class AllScenarios
{
    public static IReadOnlyList<Scenario> Every { get; } = [new SingleNode(), new SharedCluster()];

    public static Scenario? Find(string name) => Every.FirstOrDefault(s => s.Name == name);
}
