using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka;

/// <summary>Frames written down byte by byte from the protocol's description.</summary>
public sealed class KnownBytesTests
{
    [Fact]
    public void ApiVersions_response_has_header_version_0_even_when_its_body_is_flexible()
    {
        using KafkaBuffer buffer = new();

        KafkaFrame.WriteResponse(buffer, 3, 7, new ApiVersionsResponse { ApiKeys = [new() { ApiKey = 18, MinVersion = 0, MaxVersion = 4 }] });

        Convert.ToHexString(buffer.WrittenSpan).ShouldBe(
            "00000013" + "00000007" // length; correlation id, and no tagged fields behind it
            + "0000" // no error
            + "02" + "0012" + "0000" + "0004" + "00" // one API
            + "00000000" + "00"); // throttle time, no tagged fields
    }

    [Fact]
    public void Flexible_request_header_keeps_the_long_form_of_the_client_id()
    {
        using KafkaBuffer buffer = new();

        KafkaFrame.WriteRequest(buffer, 9, 1, "me", new MetadataRequest { Topics = null });

        Convert.ToHexString(buffer.WrittenSpan).ShouldBe(
            "00000012" + "0003" + "0009" + "00000001" + "0002" + "6D65" + "00" // header version 2
            + "00" // null: all topics
            + "01" + "00" + "00" + "00");
    }

    [Fact]
    public void Metadata_response_of_a_flexible_version_has_tagged_fields_in_its_header()
    {
        using KafkaBuffer buffer = new();

        KafkaFrame.WriteResponse(buffer, 12, 1, new MetadataResponse { ControllerId = 5 });

        Convert.ToHexString(buffer.WrittenSpan).ShouldBe("00000011" + "00000001" + "00" + "00000000" + "01" + "00" + "00000005" + "01" + "00");
    }
}
