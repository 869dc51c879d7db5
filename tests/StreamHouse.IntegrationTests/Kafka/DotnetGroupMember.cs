using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A member of a consumer group by the .NET client, over gRPC.</summary>
internal sealed class DotnetGroupMember : IGroupMember, IRebalanceListener, IAsyncDisposable
{
    private readonly GroupLedger _ledger;
    private readonly StreamHouseClient _client;
    private readonly Consumer _consumer;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<TopicPartition, long> _owned = new();
    private readonly Task _reading;

    public DotnetGroupMember(string name, Uri server, GroupLedger ledger, string group, string topic, AssignmentStrategy strategy)
    {
        Name = name;
        _ledger = ledger;
        _client = new StreamHouseClient(server.ToString());
        _consumer = _client.CreateConsumer(new ConsumerOptions
        {
            Group = group,
            Membership = new GroupMemberOptions
            {
                ClientId = name,
                Strategies = [strategy],
                SessionTimeout = TimeSpan.FromSeconds(6),
                HeartbeatInterval = TimeSpan.FromMilliseconds(500),
                AutoCommitInterval = TimeSpan.FromMilliseconds(500),
            },
        });
        _consumer.Subscribe([topic], this);
        _reading = ReadAsync();
    }

    public string Name { get; }

    public IReadOnlyCollection<(string Topic, int Partition)> Owned => [.. _owned.Keys.Select(p => (p.Topic, p.Partition))];

    public string Trouble => _reading.Exception?.ToString() ?? "";

    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        foreach (TopicPartition partition in partitions)
        {
            _owned[partition] = Now();
        }
        return default;
    }

    public ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        foreach (TopicPartition partition in partitions)
        {
            if (_owned.TryRemove(partition, out long from))
            {
                _ledger.Ownerships.Enqueue(new Ownership(Name, partition.Topic, partition.Partition, from, Now()));
            }
        }
        return default;
    }

    public ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => RevokedAsync(partitions, ct);

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            _stop.Cancel();
            await _reading;
            await _consumer.DisposeAsync();
            await _client.DisposeAsync();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (ConsumedRecord record in _consumer.WithCancellation(_stop.Token))
            {
                _ledger.Delivered.Enqueue(new Delivered(
                    Name, record.Topic, record.Partition, record.Offset, Encoding.ASCII.GetString(record.Value!.Value.Span)));
            }
        }
        catch (OperationCanceledException)
        {
            // It leaves.
        }
    }

    // The clock that the other members tell their times by.
    private static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
}
