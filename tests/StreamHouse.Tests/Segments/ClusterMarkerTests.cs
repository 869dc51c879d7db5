using System.Text;
using StreamHouse.Broker;
using StreamHouse.Broker.Segments;
using StreamHouse.Tests.Objects;

namespace StreamHouse.Tests.Segments;

public sealed class ClusterMarkerTests
{
    private static readonly Guid Mine = new("11111111-0000-4000-8000-000000000000");
    private static readonly Guid Other = new("22222222-0000-4000-8000-000000000000");

    private readonly MemoryObjectStore _store = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Processes_of_one_cluster_may_start_at_the_same_time(bool allow)
    {
        _store.BeforeRead = async (key, _) =>
        {
            // The other process writes the marker just after this one has not found it.
            _store.BeforeRead = null;
            await VerifyAsync(Mine);
            throw new ObjectNotFoundException(key);
        };

        await VerifyAsync(Mine, allow: allow);

        _store.Keys.ShouldBe([$"{Mine:D}/cluster.json"]);
    }

    [Fact]
    public async Task A_new_cluster_marks_an_empty_store_and_finds_its_mark_again()
    {
        await VerifyAsync(Mine);
        Encoding.UTF8.GetString(_store[$"{Mine:D}/cluster.json"]).ShouldContain(Mine.ToString("D"));
        await VerifyAsync(Mine, manifestHasObjects: true);
        _store.Keys.Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_new_cluster_on_a_store_of_another_is_refused_by_name_unless_allowed()
    {
        _store["a/first"] = [1];
        _store["unrelated"] = [1];
        await VerifyAsync(Other, allow: true);
        (await RefusedAsync(Mine)).ShouldContain(Other.ToString("D"));
        _store.Keys.ShouldNotContain($"{Mine:D}/cluster.json");

        await VerifyAsync(Mine, allow: true);
        await VerifyAsync(Mine);
    }

    [Fact]
    public async Task Another_clusters_data_without_a_marker_counts_too()
    {
        _store[$"{Other:D}/data/mixed/2026/01/01/x.seg"] = [1];
        (await RefusedAsync(Mine)).ShouldContain(Other.ToString("D"));
    }

    [Fact]
    public async Task A_cluster_with_objects_refuses_a_store_without_its_marker()
    {
        (await RefusedAsync(Mine, manifestHasObjects: true)).ShouldContain("wrong bucket");
        _store.Keys.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_prefix_with_data_but_no_marker_is_refused()
    {
        _store[$"{Mine:D}/data/mixed/2026/01/01/x.seg"] = [1];
        (await RefusedAsync(Mine, allow: true)).ShouldContain("restore");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"version":"1","clusterId":"x"}""")]
    [InlineData("""{"version":2,"clusterId":"11111111-0000-4000-8000-000000000000"}""")]
    [InlineData("""{"version":1,"clusterId":"22222222-0000-4000-8000-000000000000"}""")]
    public async Task A_marker_that_is_damaged_newer_or_of_another_cluster_is_refused(string content)
    {
        _store[$"{Mine:D}/cluster.json"] = Encoding.UTF8.GetBytes(content);
        (await RefusedAsync(Mine)).ShouldContain("cluster.json");
    }

    private Task VerifyAsync(Guid cluster, bool manifestHasObjects = false, bool allow = false) =>
        ClusterMarker.VerifyOrCreateAsync(_store, cluster, manifestHasObjects, allow, SegmentWorld.Created, default);

    private async Task<string> RefusedAsync(Guid cluster, bool manifestHasObjects = false, bool allow = false)
    {
        BrokerException e = await Should.ThrowAsync<BrokerException>(VerifyAsync(cluster, manifestHasObjects, allow));
        e.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        return e.Message;
    }
}
