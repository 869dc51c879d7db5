using System.CommandLine;
using System.CommandLine.Parsing;
using StreamHouse.Client.Producers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Producing;

/// <summary>Options that <c>produce</c> and <c>bench produce</c> share.</summary>
internal static class ProduceOptions
{
    public static Option<ProducerAcks> Acks() => new("--acks")
    {
        Description = "When the server answers: all (as durable as the topic promises), leader (in memory), none",
        HelpName = "all|leader|none",
        CustomParser = ParseAcks,
    };

    public static Option<CompressionCodec> Compression() => new("--compression", "-z")
    {
        Description = "How batches are compressed",
        HelpName = "none|gzip|snappy|lz4|zstd",
        CustomParser = ParseCompression,
    };

    private static ProducerAcks ParseAcks(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "all" or "-1":
                return ProducerAcks.All;
            case "leader" or "1":
                return ProducerAcks.Leader;
            case "none" or "0":
                return ProducerAcks.None;
            default:
                result.AddError($"--acks is all, leader or none, not '{result.Tokens[0].Value}'.");
                return default;
        }
    }

    private static CompressionCodec ParseCompression(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "none":
                return CompressionCodec.None;
            case "gzip":
                return CompressionCodec.Gzip;
            case "snappy":
                return CompressionCodec.Snappy;
            case "lz4":
                return CompressionCodec.Lz4;
            case "zstd":
                return CompressionCodec.Zstd;
            default:
                result.AddError($"--compression is none, gzip, snappy, lz4 or zstd, not '{result.Tokens[0].Value}'.");
                return default;
        }
    }
}
