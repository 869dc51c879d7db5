namespace StreamHouse.IntegrationTests.Audits;

/// <summary>Audits load the machine: they run one after the other, beside no other test.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AuditSuite
{
    public const string Name = "Audits";
}
