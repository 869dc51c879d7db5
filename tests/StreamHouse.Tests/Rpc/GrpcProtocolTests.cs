using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Rpc;

public sealed class GrpcProtocolTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("250m", 2_500_000)]
    [InlineData("7u", 70)]
    [InlineData("150n", 2)]
    [InlineData("0n", 0)]
    public void Timeouts_are_parsed_in_every_unit(string text, long ticks)
    {
        GrpcTimeout.TryParse(text, out TimeSpan timeout).ShouldBeTrue();
        timeout.Ticks.ShouldBe(ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("123456789S")]
    [InlineData("5s")]
    public void What_is_no_timeout_is_refused(string text) => GrpcTimeout.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void The_longest_timeout_is_cut_to_what_timers_can_do()
    {
        GrpcTimeout.TryParse("99999999H", out TimeSpan timeout).ShouldBeTrue();
        timeout.ShouldBe(GrpcTimeout.Max);
    }

    [Theory]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(1, "1u")]
    [InlineData(25_000, "2500u")]
    [InlineData(999_999_990, "99999999u")]
    [InlineData(1_000_000_000, "100000m")]
    [InlineData(1_000_000_001, "100001m")]
    [InlineData(10_000_000_000_000, "1000000S")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Timeouts_are_written_with_at_most_eight_digits_and_never_shorter(long ticks, string text)
    {
        string formatted = GrpcTimeout.Format(TimeSpan.FromTicks(ticks));
        formatted.ShouldBe(text);
        formatted.Length.ShouldBeLessThanOrEqualTo(9);
    }

    [Theory]
    [InlineData("plain text, ~ and all", "plain text, ~ and all")]
    [InlineData("100 %", "100 %25")]
    [InlineData("a\nb\0", "a%0Ab%00")]
    [InlineData("Größe ☃", "Gr%C3%B6%C3%9Fe %E2%98%83")]
    public void Messages_are_percent_encoded_where_they_must_be(string message, string encoded)
    {
        GrpcMessageText.Encode(message).ShouldBe(encoded);
        GrpcMessageText.Decode(encoded).ShouldBe(message);
    }

    [Theory]
    [InlineData("50%", "50%")]
    [InlineData("%zz%4", "%zz%4")]
    [InlineData("%C3", "\uFFFD")]
    public void Broken_encodings_are_shown_as_they_are(string encoded, string shown) => GrpcMessageText.Decode(encoded).ShouldBe(shown);

    [Fact]
    public void Error_details_survive_the_trailer_with_and_without_padding()
    {
        ErrorDetail detail = new()
        {
            Code = ErrorCode.OffsetOutOfRange, Name = "OffsetOutOfRange", GrpcStatus = (int)GrpcStatusCode.OutOfRange, Message = "m", LogStartOffset = 5,
        };
        RpcException failure = detail.ToException();
        (string name, string value) = failure.Trailers.Entries.ShouldHaveSingleItem();
        name.ShouldBe("streamhouse-error-bin");
        failure.Status.ShouldBe(GrpcStatusCode.OutOfRange);
        foreach (string text in new[] { value, value.TrimEnd('=') })
        {
            new RpcException(GrpcStatusCode.OutOfRange, "m", new RpcTrailers([new(name, text)])).Detail().ShouldBe(detail);
        }
    }

    [Theory]
    [InlineData("!!!")]
    [InlineData("/w==")]
    public void A_detail_that_cannot_be_read_is_no_detail(string trailer) =>
        new RpcException(GrpcStatusCode.Internal, "m", new RpcTrailers([new(ErrorDetails.TrailerName, trailer)])).Detail().ShouldBeNull();
}
