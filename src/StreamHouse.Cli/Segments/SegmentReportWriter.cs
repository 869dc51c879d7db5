using System.Globalization;
using System.Text;
using System.Text.Json;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Cli.Segments;

/// <summary>How the inspection of a segment is written.</summary>
internal static class SegmentReportWriter
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Writes it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="format">How.</param>
    /// <param name="report">What was found.</param>
    /// <param name="hasDetails">Whether index entries, producers and batches are written too.</param>
    public static void Write(Terminal terminal, OutputFormat format, SegmentReport report, bool hasDetails)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json => WriteJson(json, report, hasDetails));
            return;
        }
        StringBuilder text = new();
        text.Append(Culture, $"file         {report.Key}, {report.Bytes} bytes\n");
        if (report.Header is { } header)
        {
            text.Append(Culture, $"object       {header.ObjectId}\ncluster      {header.ClusterId}\nincarnation  {header.Incarnation}\n");
            text.Append(Culture, $"created      {TimeText.Format(header.Created.ToUnixTimeMilliseconds())}\n");
        }
        text.Append(Culture, $"slices       {report.Slices.Count}\n");
        Output.Text(terminal, text.ToString());
        foreach (SliceReport slice in report.Slices)
        {
            WriteSlice(terminal, slice, hasDetails);
        }
        Output.Text(terminal, report.Problems.Count == 0 ? "\nEvery checksum matches.\n" : "\nProblems:\n" + string.Concat(report.Problems.Select(p => $"  {p}\n")));
    }

    private static void WriteSlice(Terminal terminal, SliceReport report, bool hasDetails)
    {
        SegmentSlice slice = report.Slice;
        StringBuilder text = new();
        text.Append(Culture, $"\nslice {slice.TopicName}/{slice.Partition.Partition} (topic id {slice.Partition.Topic})\n");
        text.Append(Culture, $"  offsets    {slice.BaseOffset} to {slice.EndOffset} (exclusive), {slice.Records} records, log start {slice.LogStartOffset}\n");
        text.Append(Culture, $"  bytes      {slice.Length} at {slice.Position}, crc {slice.Crc:x8} {Verdict(report.CrcMatches)}\n");
        text.Append(Culture, $"  epoch      committed under {slice.Epoch}; batches {string.Join(", ", slice.BatchEpochs.Select(e => $"{e.Epoch} from {e.StartOffset}"))}\n");
        text.Append(Culture, $"  newest     {TimeText.Format(slice.MaxTimestamp)}\n");
        text.Append(Culture, $"  index      {slice.IndexEntries} entries at {slice.IndexPosition}\n");
        text.Append(Culture, $"  producers  {(report.Producers is { } known ? known.Producers.Count.ToString(Culture) : "damaged")}, {slice.SnapshotLength} bytes at {slice.SnapshotPosition}\n");
        text.Append(Culture, $"  batches    {report.Batches.Count}\n");
        Output.Text(terminal, text.ToString());
        if (!hasDetails)
        {
            return;
        }
        if (report.Index.Count > 0)
        {
            Output.Text(terminal, "  index\n");
            Output.Table(terminal, ["    ", ">OFFSET", ">POSITION", "NEWEST"], report.Index.Select(e => new[]
            {
                "", Text(slice.BaseOffset + e.OffsetDelta), Text(slice.Position + e.Position), TimeText.Format(e.MaxTimestamp),
            }));
        }
        if (report.Producers is { Producers.Count: > 0 } snapshot)
        {
            Output.Text(terminal, "  producers\n");
            Output.Table(terminal, ["    ", ">ID", ">EPOCH", "LAST SEQUENCES"], snapshot.Producers.Select(p => new[]
            {
                "", Text(p.ProducerId), Text(p.Epoch), string.Join(", ", p.Batches.Select(b => $"{b.FirstSequence}-{b.LastSequence}@{b.BaseOffset}")),
            }));
        }
        Output.Text(terminal, "  batches\n");
        Output.Table(
            terminal,
            ["    ", ">POSITION", ">BYTES", ">OFFSET", ">RECORDS", ">EPOCH", "CODEC", "NEWEST", ">PRODUCER", ">SEQUENCE", "CRC"],
            report.Batches.Select(b => new[]
            {
                "", Text(b.Position), Text(b.Bytes), Text(b.BaseOffset), Text(b.Records), Text(b.LeaderEpoch), CodecName(b), TimeText.Format(b.MaxTimestamp),
                b.ProducerId < 0 ? "-" : $"{b.ProducerId}:{b.ProducerEpoch}", b.BaseSequence < 0 ? "-" : Text(b.BaseSequence), Verdict(b.CrcMatches),
            }));
    }

    private static void WriteJson(Utf8JsonWriter json, SegmentReport report, bool hasDetails)
    {
        json.WriteStartObject();
        json.WriteString("file", report.Key);
        json.WriteNumber("bytes", report.Bytes);
        json.WriteBoolean("isWhole", report.Problems.Count == 0);
        json.WriteStartArray("problems");
        foreach (string problem in report.Problems)
        {
            json.WriteStringValue(problem);
        }
        json.WriteEndArray();
        if (report.Header is { } header)
        {
            json.WriteStartObject("header");
            json.WriteString("objectId", header.ObjectId);
            json.WriteString("clusterId", header.ClusterId);
            json.WriteString("incarnation", header.Incarnation);
            json.WriteNumber("createdMs", header.Created.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }
        json.WriteStartArray("slices");
        foreach (SliceReport slice in report.Slices)
        {
            WriteJson(json, slice, hasDetails);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteJson(Utf8JsonWriter json, SliceReport report, bool hasDetails)
    {
        SegmentSlice slice = report.Slice;
        json.WriteStartObject();
        json.WriteString("topic", slice.TopicName);
        json.WriteString("topicId", slice.Partition.Topic.ToString());
        json.WriteNumber("partition", slice.Partition.Partition);
        json.WriteNumber("epoch", slice.Epoch);
        json.WriteNumber("baseOffset", slice.BaseOffset);
        json.WriteNumber("endOffset", slice.EndOffset);
        json.WriteNumber("logStartOffset", slice.LogStartOffset);
        json.WriteNumber("records", slice.Records);
        json.WriteNumber("maxTimestampMs", slice.MaxTimestamp);
        json.WriteNumber("position", slice.Position);
        json.WriteNumber("length", slice.Length);
        json.WriteBoolean("crcMatches", report.CrcMatches);
        json.WriteNumber("batchCount", report.Batches.Count);
        json.WriteStartArray("batchEpochs");
        foreach (LeaderEpochRow epoch in slice.BatchEpochs)
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", epoch.Epoch);
            json.WriteNumber("startOffset", epoch.StartOffset);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (hasDetails)
        {
            WriteDetails(json, report);
        }
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, SliceReport report)
    {
        json.WriteStartArray("index");
        foreach (SegmentIndexEntry entry in report.Index)
        {
            json.WriteStartObject();
            json.WriteNumber("offset", report.Slice.BaseOffset + entry.OffsetDelta);
            json.WriteNumber("position", report.Slice.Position + entry.Position);
            json.WriteNumber("maxTimestampMs", entry.MaxTimestamp);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("producers");
        foreach (ProducerEntry producer in report.Producers?.Producers ?? [])
        {
            json.WriteStartObject();
            json.WriteNumber("id", producer.ProducerId);
            json.WriteNumber("epoch", producer.Epoch);
            json.WriteStartArray("batches");
            foreach (ProducedBatch batch in producer.Batches)
            {
                json.WriteStartObject();
                json.WriteNumber("firstSequence", batch.FirstSequence);
                json.WriteNumber("lastSequence", batch.LastSequence);
                json.WriteNumber("baseOffset", batch.BaseOffset);
                json.WriteNumber("timestampMs", batch.TimestampMs);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("batches");
        foreach (BatchReport batch in report.Batches)
        {
            json.WriteStartObject();
            json.WriteNumber("position", batch.Position);
            json.WriteNumber("bytes", batch.Bytes);
            json.WriteNumber("baseOffset", batch.BaseOffset);
            json.WriteNumber("nextOffset", batch.NextOffset);
            json.WriteNumber("leaderEpoch", batch.LeaderEpoch);
            json.WriteNumber("records", batch.Records);
            json.WriteString("codec", CodecName(batch));
            json.WriteNumber("baseTimestampMs", batch.BaseTimestamp);
            json.WriteNumber("maxTimestampMs", batch.MaxTimestamp);
            json.WriteNumber("producerId", batch.ProducerId);
            json.WriteNumber("producerEpoch", batch.ProducerEpoch);
            json.WriteNumber("baseSequence", batch.BaseSequence);
            json.WriteBoolean("crcMatches", batch.CrcMatches);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string CodecName(BatchReport batch) => batch.Codec.ToString().ToLowerInvariant();

    private static string Verdict(bool matches) => matches ? "ok" : "WRONG";

    private static string Text(long number) => number.ToString(Culture);
}
