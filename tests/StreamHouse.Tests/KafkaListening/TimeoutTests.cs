using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Listeners;

namespace StreamHouse.Tests.KafkaListening;

public sealed class TimeoutTests
{
    [Fact]
    public async Task Connection_whose_timeouts_cannot_be_checked_does_not_end_those_of_others()
    {
        using BrokerMetrics metrics = new();
        KafkaOptions options = new() { TransferTimeout = TimeSpan.FromMilliseconds(300) };
        KafkaMetrics kafkaMetrics = new(metrics, TimeProvider.System);
        KafkaHandlers handlers = new(kafkaMetrics, NullLogger.Instance);
        FaultyApi faulty = new();
        handlers.Add(ApiKey.Heartbeat, faulty);
        KafkaServices services = new(
            options, handlers, new BufferPool(1 << 20), new RequestMemory(1 << 20), kafkaMetrics, TimeProvider.System, NullLogger.Instance);
        await using KafkaListener listener = new([ListenerRig.Loopback("internal")], services);
        IPEndPoint endpoint = listener.Start()[0].Endpoint;
        using RawClient first = await RawClient.ConnectAsync(endpoint);
        await first.SendAsync(new HeartbeatRequest(), 4, 1);
        for (int i = 0; i < 2000 && faulty.Checks < 2; i++)
        {
            await Task.Delay(10);
        }

        using RawClient slow = await RawClient.ConnectAsync(endpoint);
        await slow.SendAsync(new byte[] { 0, 0 });
        await slow.ShouldBeClosedAsync();

        faulty.Checks.ShouldBeGreaterThan(1, "and it is checked again itself");
    }

    /// <summary>Never answers, and cannot say whether it should.</summary>
    private sealed class FaultyApi : KafkaApi
    {
        private int _checks;

        public int Checks => Volatile.Read(ref _checks);

        public override PendingReply Begin(in RequestFrame frame) => new FaultyReply(this) { RequestBytes = frame.Bytes.Length };

        private sealed class FaultyReply(FaultyApi api) : PendingReply
        {
            public override bool IsCompleted => false;

            public override void OnCompleted(Action continuation)
            {
                // It never is.
            }

            public override bool IsOverdue(long now)
            {
                Interlocked.Increment(ref api._checks);
                throw new InvalidOperationException("The reply does not know.");
            }

            public override ReplyKind Write(ReplyBuffer output) => ReplyKind.Silence;

            public override void Release()
            {
                // It holds nothing.
            }
        }
    }
}
