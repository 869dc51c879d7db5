using StreamHouse.Broker;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Uploads;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Engine;

public class UploadHealthTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly UploadHealth _health;

    public UploadHealthTests() => _health = new UploadHealth(_clock);

    [Fact]
    public void Only_failures_that_last_make_the_server_unready()
    {
        _health.UploadFailed(new ObjectStoreException("503, says the test"));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Should.NotThrow(_health.ThrowIfFailing);
        _clock.Advance(TimeSpan.FromSeconds(2));
        _health.UploadFailed(new ObjectStoreFullException("full, says the test"));

        BrokerException failing = Should.Throw<BrokerException>(_health.ThrowIfFailing);

        failing.Code.ShouldBe(BrokerErrorCode.NoSpace);
        failing.Message.ShouldContain("uploads");
        failing.Message.ShouldContain("full, says the test");
        _health.UploadSucceeded();
        Should.NotThrow(_health.ThrowIfFailing);
    }

    [Fact]
    public void Commits_can_fail_while_uploads_succeed()
    {
        _health.CommitFailed(new IOException("locked, says the test"));
        _clock.Advance(TimeSpan.FromSeconds(4));
        _health.UploadSucceeded();

        BrokerException failing = Should.Throw<BrokerException>(_health.ThrowIfFailing);

        failing.Code.ShouldBe(BrokerErrorCode.StorageFailed);
        failing.Message.ShouldContain("commits");
        _health.CommitSucceeded();
        _health.Fault.ShouldBeNull();
    }
}
