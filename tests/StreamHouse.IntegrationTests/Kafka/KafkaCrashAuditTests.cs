using System.Globalization;
using StreamHouse.IntegrationTests.Audits;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>
/// Nothing acknowledged to a Kafka client is lost, doubled or moved when the server is killed. 10 rounds; 200 with <c>STREAMHOUSE_TEST_LONG=1</c>, or as many
/// as <c>STREAMHOUSE_AUDIT_ROUNDS</c> says. <c>STREAMHOUSE_AUDIT_SEED</c> repeats a run's choices.
/// </summary>
[Collection(AuditSuite.Name)]
public sealed class KafkaCrashAuditTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Killed_server_keeps_all_that_Kafka_clients_were_told()
    {
        await KafkaTools.RequireAsync();
        int rounds = Setting("STREAMHOUSE_AUDIT_ROUNDS") ?? (Environment.GetEnvironmentVariable("STREAMHOUSE_TEST_LONG") == "1" ? 200 : 10);
        output.WriteLine(await new KafkaCrashAudit(Setting("STREAMHOUSE_AUDIT_SEED") ?? Random.Shared.Next()).RunAsync(rounds));
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
