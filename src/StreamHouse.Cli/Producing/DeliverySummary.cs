using System.Globalization;
using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.Cli.Topics;
using StreamHouse.Client.Producers;

namespace StreamHouse.Cli.Producing;

/// <summary>Counts what became of records, partition by partition.</summary>
internal sealed class DeliverySummary
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, Delivered> _partitions = [];
    private RecordDurability? _durability;
    private long _failed;

    /// <summary>For <see cref="ProducerOptions.OnDelivery"/>.</summary>
    public void Add(BatchDelivery batch)
    {
        lock (_gate)
        {
            if (batch.Error is not null)
            {
                _failed += batch.RecordCount;
                return;
            }
            // The weakest of all is what can be promised for the whole.
            _durability = _durability is { } before && before < batch.Durability ? before : batch.Durability;
            Delivered sum = _partitions.GetValueOrDefault(batch.Partition, new Delivered(0, batch.BaseOffset, -1));
            long last = batch.BaseOffset < 0 ? -1 : batch.BaseOffset + batch.RecordCount - 1;
            _partitions[batch.Partition] = new Delivered(
                sum.Records + batch.RecordCount, Math.Min(sum.FirstOffset, batch.BaseOffset), Math.Max(sum.LastOffset, last));
        }
    }

    /// <summary>Writes the sums.</summary>
    public void Write(Terminal terminal, OutputFormat format, string topic)
    {
        lock (_gate)
        {
            long records = _partitions.Values.Sum(p => p.Records);
            string durability = _durability is { } reached ? TopicOutput.NameOf(reached) : "";
            if (format == OutputFormat.Json)
            {
                Output.Json(terminal, json => WriteJson(json, topic, records, durability));
                return;
            }
            Output.Text(terminal, string.Create(
                CultureInfo.InvariantCulture, $"{records} {(records == 1 ? "record" : "records")} to {topic}{(records == 0 ? "" : $", durability {durability}")}\n"));
            foreach ((int partition, Delivered sum) in _partitions)
            {
                string offsets = sum.LastOffset < 0 ? "without acknowledgement"
                    : sum.FirstOffset == sum.LastOffset ? string.Create(CultureInfo.InvariantCulture, $"offset {sum.FirstOffset}")
                    : string.Create(CultureInfo.InvariantCulture, $"offsets {sum.FirstOffset} to {sum.LastOffset}");
                Output.Text(terminal, string.Create(CultureInfo.InvariantCulture, $"  partition {partition}: {sum.Records} at {offsets}\n"));
            }
        }
    }

    private void WriteJson(Utf8JsonWriter json, string topic, long records, string durability)
    {
        json.WriteStartObject();
        json.WriteString("topic", topic);
        json.WriteNumber("records", records);
        json.WriteNumber("failed", _failed);
        json.WriteString("durability", durability);
        json.WriteStartArray("partitions");
        foreach ((int partition, Delivered sum) in _partitions)
        {
            json.WriteStartObject();
            json.WriteNumber("partition", partition);
            json.WriteNumber("records", sum.Records);
            json.WriteNumber("firstOffset", sum.FirstOffset);
            json.WriteNumber("lastOffset", sum.LastOffset);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private readonly record struct Delivered(long Records, long FirstOffset, long LastOffset);
}
