using StreamHouse.Kafka;

namespace StreamHouse.Tests.Kafka;

public sealed class SupportedApisTests
{
    [Fact]
    public void Old_produce_versions_are_advertised_and_not_served()
    {
        ApiSupport produce = SupportedApis.Get(ApiKey.Produce);

        produce.IsAccepted(2).ShouldBeFalse();
        produce.IsAccepted(3).ShouldBeTrue();
        produce.IsAccepted(12).ShouldBeFalse();
        produce.IsAdvertised(0).ShouldBeTrue();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(1000)]
    [InlineData(short.MinValue)]
    [InlineData(short.MaxValue)]
    public void Unknown_api_is_not_found(short key) => SupportedApis.TryGet((ApiKey)key, out _).ShouldBeFalse();

    [Theory]
    [InlineData(ApiKey.ApiVersions, 0, 1, 0)]
    [InlineData(ApiKey.ApiVersions, 2, 1, 0)]
    [InlineData(ApiKey.ApiVersions, 3, 2, 0)]
    [InlineData(ApiKey.Metadata, 8, 1, 0)]
    [InlineData(ApiKey.Metadata, 9, 2, 1)]
    [InlineData(ApiKey.OffsetDelete, 0, 1, 0)]
    [InlineData(ApiKey.DescribeCluster, 0, 2, 1)]
    public void Header_versions_follow_from_flexibility(ApiKey key, short version, short request, short response)
    {
        SupportedApis.Get(key).RequestHeaderVersion(version).ShouldBe(request);
        SupportedApis.Get(key).ResponseHeaderVersion(version).ShouldBe(response);
    }

    [Fact]
    public void Header_of_an_unknown_version_is_read_as_far_as_it_is_the_same_in_all()
    {
        // ApiVersions version 99 with whatever behind the correlation id.
        KafkaReader reader = new([0, 18, 0, 99, 0, 0, 0, 7, 0xFF, 0xFE]);

        RequestHeader header = RequestHeader.Read(ref reader);

        header.ShouldBe(new RequestHeader(ApiKey.ApiVersions, 99, 7, null));
        reader.Remaining.ShouldBe(2);
    }

    [Fact]
    public void Tagged_fields_of_a_request_header_are_stepped_over()
    {
        // Metadata version 9, client "c", one tagged field of two bytes, then the body.
        KafkaReader reader = new([0, 3, 0, 9, 0, 0, 0, 7, 0, 1, (byte)'c', 1, 5, 2, 0xAA, 0xBB, 0xCC]);

        RequestHeader header = RequestHeader.Read(ref reader);

        header.ClientId.ShouldBe("c");
        reader.Remaining.ShouldBe(1);
    }

    [Fact]
    public void Response_headers_are_read_as_they_are_written()
    {
        foreach (ApiSupport api in SupportedApis.All)
        {
            for (short version = api.VersionMin; version <= api.VersionMax; version++)
            {
                using KafkaBuffer buffer = new();
                KafkaWriter writer = new(buffer);
                new ResponseHeader(5).Write(ref writer, api.Key, version);

                KafkaReader reader = new(buffer.WrittenSpan);
                ResponseHeader.Read(ref reader, api.Key, version).CorrelationId.ShouldBe(5);
                reader.Remaining.ShouldBe(0);
                buffer.Length.ShouldBe(4 + api.ResponseHeaderVersion(version));
            }
        }
    }

    [Fact]
    public void Table_as_Markdown_has_a_row_for_each_api()
    {
        string[] lines = SupportedApis.ToMarkdown().TrimEnd('\n').Split('\n');

        lines.Length.ShouldBe(SupportedApis.All.Count + 2);
        lines.ShouldContain("| 0 | Produce | 0–11 | 3–11 | 9 |");
        lines.ShouldContain("| 47 | OffsetDelete | 0 | 0 |  |");
    }
}
