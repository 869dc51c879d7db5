using StreamHouse.Client;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Client;

/// <summary>What a caller is told when the time for its call is over.</summary>
public sealed class RetryingCallerTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();

    [Fact]
    public void Last_try_that_is_cut_short_does_not_hide_why_the_others_failed()
    {
        StreamHouseException error = Fail(remaining => remaining < TimeSpan.FromMilliseconds(500)
            ? new StreamHouseException(StreamHouseErrorCode.TimedOut, "No answer.", isRetriable: true, isOutcomeUnknown: true)
            : new StreamHouseException(StreamHouseErrorCode.NotLeader, "Led elsewhere.", isRetriable: true) { Topic = "t", Partition = 3 });

        error.Code.ShouldBe(StreamHouseErrorCode.NotLeader);
        error.Message.ShouldStartWith("Led elsewhere. ");
        error.IsRetriable.ShouldBeTrue();
        error.IsOutcomeUnknown.ShouldBeTrue();
        error.Topic.ShouldBe("t");
        error.Partition.ShouldBe(3);
    }

    [Fact]
    public void Only_try_that_has_no_answer_timed_out()
    {
        StreamHouseException error = Fail(_ => new StreamHouseException(StreamHouseErrorCode.TimedOut, "No answer.", isRetriable: true));

        error.Code.ShouldBe(StreamHouseErrorCode.TimedOut);
        error.Message.ShouldBe("No answer.");
    }

    // A try that times out takes all of the time it is given.
    private StreamHouseException Fail(Func<TimeSpan, StreamHouseException> failure)
    {
        StreamHouseException? error = null;
        _time.Run(() =>
        {
            RetryingCaller caller = new(new FailingTransport(failure, _time), new RetryOptions(), Timeout, _time, new Random(1));
            Task<GetTopicResponse> call = caller.CallAsync(AdminRpc.GetTopic, new GetTopicRequest(), isRepeatable: true, default);
            error = Should.Throw<StreamHouseException>(() => _time.Await(call));
        });
        return error!;
    }

    private sealed class FailingTransport(Func<TimeSpan, StreamHouseException> failure, TimeProvider clock) : IClientTransport
    {
        public async Task<TResponse> CallAsync<TRequest, TResponse>(
            RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
            where TRequest : class, Google.Protobuf.IMessage<TRequest>, new()
            where TResponse : class, Google.Protobuf.IMessage<TResponse>, new()
        {
            StreamHouseException error = failure(timeout);
            if (error.Code == StreamHouseErrorCode.TimedOut)
            {
                await Task.Delay(timeout, clock, ct);
            }
            throw error;
        }

        public Task<ProduceOutcome> ProduceAsync(in ProduceCall call) => throw new InvalidOperationException("Not called.");

        public IDeliveryStream Subscribe(SubscribeRequest request) => throw new InvalidOperationException("Not called.");

        public ValueTask DisposeAsync() => default;
    }
}
