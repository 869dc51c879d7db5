using StreamHouse.Client;
using StreamHouse.Client.Producers;

namespace StreamHouse.Tests.Client;

public sealed class ProducerBufferTests
{
    [Fact]
    public void Senders_wait_while_the_buffer_is_full_and_go_on_in_order()
    {
        ProducerRig rig = new(new ProducerOptions { BufferBytesMax = 1000, BatchRecordsMax = 2 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            string value = new('x', 184); // 200 with framing
            List<Task> taken = [.. Enumerable.Range(0, 8).Select(_ => rig.Producer.EnqueueAsync(ProducerRig.Topic, default, System.Text.Encoding.UTF8.GetBytes(value)).AsTask())];
            taken.Count(task => task.IsCompleted).ShouldBe(5);
            rig.Producer.BufferedBytes.ShouldBe(1000);

            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            taken.Count(task => task.IsCompleted).ShouldBe(6);
            rig.Producer.BufferedBytes.ShouldBe(1000);

            rig.Cluster.Holds = false;
            while (rig.Cluster.Held.Count > 0)
            {
                rig.Cluster.Held[0].Accept();
                rig.Time.Settle();
            }
            rig.Time.Await(rig.Producer.FlushAsync());
            rig.Cluster.Partition(ProducerRig.Topic, 0).End.ShouldBe(9);
            rig.Producer.BufferedBytes.ShouldBe(0);
        });
    }

    [Fact]
    public void Record_that_never_fits_the_buffer_fails_at_once()
    {
        ProducerRig rig = new(new ProducerOptions { BufferBytesMax = 1000 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send(new string('x', 2000));
            rig.Time.Settle();

            Should.Throw<StreamHouseException>(() => rig.Time.Await(send)).Code.ShouldBe(StreamHouseErrorCode.BatchTooLarge);
            _ = rig.Send("fits");
            rig.Cluster.Held.ShouldHaveSingleItem();
        });
    }

    [Fact]
    public void Cancelled_while_waiting_for_room_the_record_is_withdrawn()
    {
        ProducerRig rig = new(new ProducerOptions { BufferBytesMax = 100 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> first = rig.Send(new string('a', 80));
            using CancellationTokenSource cancel = new();
            Task<RecordMetadata> withdrawn = rig.Send(new string('b', 80), ct: cancel.Token);
            Task<RecordMetadata> third = rig.Send(new string('c', 80));
            rig.Time.Settle();

            cancel.Cancel();
            rig.Time.Settle();
            withdrawn.IsCanceled.ShouldBeTrue();
            rig.Cluster.Holds = false;
            rig.Cluster.Held[0].Accept();
            rig.Time.Await(Task.WhenAll(first, third));

            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.Select(value => value[0]).ShouldBe(['w', 'a', 'c']);
            rig.Producer.BufferedBytes.ShouldBe(0);
        });
    }

    [Fact]
    public void Cancelled_while_in_flight_only_the_wait_ends()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            using CancellationTokenSource cancel = new();
            Task<RecordMetadata> send = rig.Send("a", ct: cancel.Token);
            cancel.Cancel();
            rig.Time.Settle();
            send.IsCanceled.ShouldBeTrue();

            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["warm", "a"]);
            rig.Producer.BufferedBytes.ShouldBe(0);
        });
    }

    [Fact]
    public void Deliveries_are_told_batch_by_batch_in_order_and_flush_tells_of_failures_once()
    {
        List<BatchDelivery> deliveries = [];
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 2, OnDelivery = deliveries.Add });
        rig.Time.Run(() =>
        {
            rig.Warm();
            deliveries.Clear();
            for (int i = 0; i < 5; i++)
            {
                rig.Producer.EnqueueAsync(ProducerRig.Topic, default, "v"u8).AsTask().IsCompletedSuccessfully.ShouldBeTrue();
            }
            rig.Cluster.Held[0].Accept();
            rig.Cluster.Held[0].Accept();
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.InvalidRecord);
            rig.Time.Settle();

            deliveries.Select(delivery => (delivery.BaseOffset, delivery.RecordCount, delivery.Error?.Code)).ShouldBe(
                [(1, 1, null), (2, 2, null), (-1, 2, StreamHouseErrorCode.InvalidRecord)]);
            Should.Throw<StreamHouseException>(() => rig.Time.Await(rig.Producer.FlushAsync())).Code.ShouldBe(StreamHouseErrorCode.InvalidRecord);
            rig.Time.Await(rig.Producer.FlushAsync());
        });
    }

    [Fact]
    public void Callback_that_throws_stops_nothing()
    {
        ProducerRig rig = new(new ProducerOptions { OnDelivery = _ => throw new InvalidOperationException("The user's.") });
        rig.Time.Run(() =>
        {
            rig.Time.Await(rig.Send("a")).Offset.ShouldBe(0);
            rig.Time.Await(rig.Send("b")).Offset.ShouldBe(1);
            rig.Producer.BufferedBytes.ShouldBe(0);
        });
    }

    [Fact]
    public void Null_and_empty_keys_and_values_are_kept_apart()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Producer.SendAsync(ProducerRig.Topic, default, default).AsTask();
            _ = rig.Producer.SendAsync(ProducerRig.Topic, ""u8, ""u8, [new("h", null), new("h", new byte[] { 1 })]).AsTask();
            rig.Time.Advance(TimeSpan.FromMilliseconds(100));

            using StreamHouse.Records.RecordBatchReader reader = new();
            StreamHouse.Records.RecordReader records = reader.Open(rig.Cluster.Held[0].Bytes);
            records.MoveNext().ShouldBeTrue();
            (records.Current.IsKeyNull, records.Current.IsValueNull).ShouldBe((true, true));
            records = reader.Open(rig.Cluster.Held[1].Bytes);
            records.MoveNext().ShouldBeTrue();
            (records.Current.IsKeyNull, records.Current.IsValueNull, records.Current.HeaderCount).ShouldBe((false, false, 2));
        });
    }
}
