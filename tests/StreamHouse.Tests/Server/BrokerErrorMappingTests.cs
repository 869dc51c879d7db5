using StreamHouse.Broker;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Errors;

namespace StreamHouse.Tests.Server;

public sealed class BrokerErrorMappingTests
{
    public static TheoryData<BrokerErrorCode> Codes => [.. Enum.GetValues<BrokerErrorCode>()];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_a_status_and_the_protocols_number(BrokerErrorCode code)
    {
        ErrorDetail detail = BrokerErrors.Detail(code, "why");

        detail.Code.ToString().ShouldBe(code.ToString());
        ((int)detail.Code).ShouldBe((int)code);
        detail.Retriable.ShouldBe(code != BrokerErrorCode.None && code.IsRetriable());
        (detail.GrpcStatus == (int)GrpcStatusCode.OK).ShouldBe(code == BrokerErrorCode.None);
    }

    [Fact]
    public void The_protocol_has_no_code_that_the_broker_lacks() =>
        Enum.GetValues<ErrorCode>().Select(c => (int)c).ShouldBe(Enum.GetValues<BrokerErrorCode>().Select(c => (int)c));

    [Theory]
    [InlineData(BrokerErrorCode.UnknownTopic, GrpcStatusCode.NotFound)]
    [InlineData(BrokerErrorCode.UnknownPartition, GrpcStatusCode.NotFound)]
    [InlineData(BrokerErrorCode.NotLeader, GrpcStatusCode.NotFound)]
    [InlineData(BrokerErrorCode.Fenced, GrpcStatusCode.FailedPrecondition)]
    [InlineData(BrokerErrorCode.OutOfOrderSequence, GrpcStatusCode.FailedPrecondition)]
    [InlineData(BrokerErrorCode.ShuttingDown, GrpcStatusCode.Unavailable)]
    [InlineData(BrokerErrorCode.Overloaded, GrpcStatusCode.Unavailable)]
    [InlineData(BrokerErrorCode.CorruptBatch, GrpcStatusCode.InvalidArgument)]
    [InlineData(BrokerErrorCode.InvalidRequest, GrpcStatusCode.InvalidArgument)]
    [InlineData(BrokerErrorCode.NoSpace, GrpcStatusCode.ResourceExhausted)]
    [InlineData(BrokerErrorCode.StorageFailed, GrpcStatusCode.Internal)]
    [InlineData(BrokerErrorCode.OffsetOutOfRange, GrpcStatusCode.OutOfRange)]
    [InlineData(BrokerErrorCode.TopicAlreadyExists, GrpcStatusCode.AlreadyExists)]
    public void Status_is_what_the_protocol_promises(BrokerErrorCode code, GrpcStatusCode status) => BrokerErrors.StatusOf(code).ShouldBe(status);

    [Fact]
    public void Unknown_topic_is_told_from_a_partition_led_elsewhere_by_its_detail()
    {
        RpcException unknown = BrokerErrors.Map(new BrokerException(BrokerErrorCode.UnknownTopic, "no topic"))!;
        RpcException elsewhere = BrokerErrors.Map(new BrokerException(BrokerErrorCode.NotLeader, "led elsewhere"))!;

        elsewhere.Status.ShouldBe(unknown.Status);
        unknown.Detail()!.Code.ShouldBe(ErrorCode.UnknownTopic);
        elsewhere.Detail()!.Code.ShouldBe(ErrorCode.NotLeader);
        elsewhere.Detail()!.Retriable.ShouldBeTrue();
    }

    [Fact]
    public void A_code_that_is_none_is_a_fault_and_not_a_guess() =>
        Should.Throw<ArgumentOutOfRangeException>(() => BrokerErrors.StatusOf((BrokerErrorCode)999));

    [Fact]
    public void Only_the_brokers_exceptions_are_mapped() => BrokerErrors.Map(new InvalidOperationException()).ShouldBeNull();
}
