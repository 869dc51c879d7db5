using System.Buffers.Binary;
using System.Collections.Concurrent;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Produce;
using StreamHouse.Records;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Producing;

/// <summary>Serves Produce: hands each batch to the broker where it lies in the request's buffer, in the order of arrival.</summary>
internal sealed class ProduceApi(IBroker broker, BrokerMetrics brokerMetrics, KafkaMetrics metrics, TimeProvider clock) : KafkaApi
{
    private const short VersionMin = 3;
    private const short ZstdVersionMin = 7;

    private readonly ConcurrentBag<ProduceRequestView> _views = [];

    public override PendingReply Begin(in RequestFrame frame) => Begin(frame, mustBeShort: false)!;

    public override PendingReply? TryBeginShort(in RequestFrame frame) => Begin(frame, mustBeShort: true);

    private ProduceReply? Begin(in RequestFrame frame, bool mustBeShort)
    {
        ProduceRequestView request = _views.TryTake(out ProduceRequestView? idle) ? idle : new ProduceRequestView();
        KafkaReader reader = new(frame.Body);
        request.Read(ref reader, frame.Header.ApiVersion);
        if (mustBeShort && IsCompressed(frame.Body, request))
        {
            _views.Add(request);
            return null;
        }
        ProduceReply reply = new(frame.Header, frame.Arrived, request, clock, brokerMetrics, metrics) { RequestBytes = frame.Bytes.Length };
        Append(frame, request, reply);
        reply.Begin();
        _views.Add(request);
        return reply;
    }

    // What is, may become ten thousand times as much, all of which is looked at. Of several batches at once only the first shows.
    private static bool IsCompressed(ReadOnlySpan<byte> body, ProduceRequestView request)
    {
        foreach (ref readonly ProducePartitionView partition in request.Partitions)
        {
            if (partition.RecordsBytes < RecordBatchLayout.Records)
            {
                continue;
            }
            ReadOnlySpan<byte> batch = body.Slice(partition.RecordsPosition, partition.RecordsBytes);
            int bytes = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.BatchLength..]) + RecordBatchLayout.LengthPrefixBytes;
            if (bytes != batch.Length || (batch[RecordBatchLayout.Attributes + 1] & RecordBatchLayout.CodecMask) != 0)
            {
                return true;
            }
        }
        return false;
    }

    private void Append(in RequestFrame frame, ProduceRequestView request, ProduceReply reply)
    {
        short version = frame.Header.ApiVersion;
        (KafkaErrorCode Code, string Message)? whole =
            version < VersionMin ? (KafkaErrorCode.UnsupportedForMessageFormat, $"Version {VersionMin} and batches of magic 2 are needed.")
            : request.Acks is < -1 or > 1 ? (KafkaErrorCode.InvalidRequiredAcks, "acks must be 0, 1 or -1.")
            : null;
        int next = 0;
        foreach (ref readonly ProduceTopicView topic in request.Topics)
        {
            TopicDescription? found = broker.FindTopic(topic.Name);
            foreach (ref readonly ProducePartitionView partition in request.PartitionsOf(topic))
            {
                if (whole is { } refused)
                {
                    reply.Refuse(next++, refused.Code, refused.Message);
                }
                else if (found is null)
                {
                    reply.Refuse(next++, KafkaErrorCode.UnknownTopicOrPartition, $"There is no topic '{topic.Name}'.");
                }
                else if (Check(frame, partition) is { } wrong)
                {
                    reply.Refuse(next++, wrong.Code, wrong.Message);
                }
                else
                {
                    reply.Wait(next++, broker.Append(new AppendRequest(
                        new TopicPartition(found.Id, partition.Index),
                        frame.Bytes.Slice(frame.BodyAt + partition.RecordsPosition, partition.RecordsBytes),
                        (Acks)request.Acks)));
                }
            }
        }
    }

    /// <summary>Kafka's rules for what a request may hold; those for the batch itself are the broker's.</summary>
    private static (KafkaErrorCode Code, string Message)? Check(in RequestFrame frame, in ProducePartitionView partition)
    {
        if (partition.RecordsBytes <= 0)
        {
            return (KafkaErrorCode.InvalidRecord, "The partition has no record batch.");
        }
        ReadOnlySpan<byte> records = frame.Body.Slice(partition.RecordsPosition, partition.RecordsBytes);
        if (records.Length < RecordBatchLayout.Magic + 1)
        {
            return (KafkaErrorCode.CorruptMessage, "The record batch is shorter than its header.");
        }
        if (records[RecordBatchLayout.Magic] < 2)
        {
            return (KafkaErrorCode.InvalidRecord, "Only batches of magic 2 are allowed.");
        }
        if (records.Length < RecordBatchLayout.Records)
        {
            return (KafkaErrorCode.CorruptMessage, "The record batch is shorter than its header.");
        }
        long size = RecordBatchLayout.LengthPrefixBytes + (long)BinaryPrimitives.ReadInt32BigEndian(records[RecordBatchLayout.BatchLength..]);
        if (size >= RecordBatchLayout.Records && size < records.Length)
        {
            return (KafkaErrorCode.InvalidRecord, "Exactly one record batch for each partition is allowed.");
        }
        return new RecordBatchView(records).Codec == CompressionCodec.Zstd && frame.Header.ApiVersion < ZstdVersionMin
            ? (KafkaErrorCode.UnsupportedCompressionType, $"zstd needs version {ZstdVersionMin}.")
            : null;
    }
}
