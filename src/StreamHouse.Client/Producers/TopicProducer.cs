using System.Diagnostics.CodeAnalysis;
using StreamHouse.Client.Retries;
using StreamHouse.Records.Partitioning;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Producers;

/// <summary>
/// Distributes the records of one topic over its partitions. Records that cannot be taken at once, because the topic is not known yet or the buffer
/// is full, wait in line, and those that come later queue behind them: order is the order of the calls.
/// </summary>
internal sealed class TopicProducer(ProducerCore core, string name)
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingRecord> _line = new();
    private PartitionProducer[] _partitions = [];
    private PendingRecord? _lastInLine;
    private long _refreshedAt;
    private int _sticky;
    private bool _isDraining;
    private bool _isResolved;

    // The topic is known and nobody waits in line.
    private volatile bool _isOpen;
    private bool _isRefreshing;

    /// <summary>The topic's name.</summary>
    public string Name { get; } = name;

    /// <summary>Takes a record if that is possible at once. Its bytes are not referenced afterwards.</summary>
    public bool TryAppend(in NewRecord record, int? partition)
    {
        if (!_isOpen || !TryChoose(record, partition, out int chosen, out bool isSticky) || !core.Budget.TryTake(record.ChargedBytes))
        {
            return false;
        }
        Append(record, chosen, isSticky);
        return true;
    }

    /// <summary>Puts a copy of a record in line.</summary>
    public PendingRecord Enqueue(in NewRecord record, int? partition, CancellationToken ct)
    {
        PendingRecord pending = new(record, partition, ct);
        lock (_gate)
        {
            _isOpen = false;
            _line.Enqueue(pending);
            _lastInLine = pending;
            if (_isDraining)
            {
                return pending;
            }
            _isDraining = true;
        }
        _ = DrainAsync();
        return pending;
    }

    /// <summary>Ends when the records now in line are in batches or have failed.</summary>
    public Task LineAsync()
    {
        lock (_gate)
        {
            return _lastInLine?.Appended ?? Task.CompletedTask;
        }
    }

    /// <summary>Sends what is there without lingering, and lists what has not ended.</summary>
    public void Flush(List<Task> outstanding)
    {
        foreach (PartitionProducer partition in Volatile.Read(ref _partitions))
        {
            partition.Flush(outstanding);
        }
    }

    /// <summary>Asks whether a partition that the server denied does not exist; one attempt.</summary>
    public async Task<bool> IsGoneAsync(int partition)
    {
        try
        {
            return await RefreshAsync() <= partition;
        }
        catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.UnknownTopic)
        {
            // Whoever writes next asks again: the topic may be created anew.
            lock (_gate)
            {
                _isResolved = false;
                _isOpen = false;
            }
            return true;
        }
    }

    private bool TryChoose(in NewRecord record, int? partition, out int chosen, out bool isSticky)
    {
        int partitions = Volatile.Read(ref _partitions).Length;
        isSticky = partition is null && record.Key.IsNull;
        chosen = partition ?? (isSticky ? Volatile.Read(ref _sticky) : KeyPartitioner.PartitionOf(record.Key.Span, partitions));
        return (uint)chosen < (uint)partitions;
    }

    private void Append(in NewRecord record, int chosen, bool isSticky)
    {
        PartitionProducer[] partitions = Volatile.Read(ref _partitions);
        if (partitions[chosen].Append(record))
        {
            OnBatchClosed(chosen, isSticky, partitions.Length);
        }
    }

    private void OnBatchClosed(int partition, bool isSticky, int partitions)
    {
        if (isSticky && partitions > 1)
        {
            // Any other partition, each as likely.
            int next = core.Random.Next(partitions - 1);
            Volatile.Write(ref _sticky, next >= partition ? next + 1 : next);
        }
        if (!_isRefreshing && core.Clock.GetElapsedTime(Volatile.Read(ref _refreshedAt)) >= core.Options.MetadataAgeMax)
        {
            _ = RefreshQuietlyAsync();
        }
    }

    private async Task DrainAsync()
    {
        while (TryPeek(out PendingRecord? record))
        {
            if (!_isResolved && await TryResolveAsync() is { } error)
            {
                FailLine(error);
                continue;
            }
            try
            {
                await core.Budget.TakeAsync(record.ChargedBytes, record.Cancellation);
                if (!record.TryClaim())
                {
                    core.Budget.Release(record.ChargedBytes);
                }
                else if (await TryAppendAsync(record) is { } refusal)
                {
                    core.Budget.Release(record.ChargedBytes);
                    record.SetFailed(refusal);
                }
                else
                {
                    record.SetAppended();
                }
            }
            catch (Exception e) when (e is OperationCanceledException or StreamHouseException)
            {
                record.Fail(e);
            }
            Dequeue();
        }
    }

    private async Task<StreamHouseException?> TryAppendAsync(PendingRecord record)
    {
        if (record.Partition >= _partitions.Length)
        {
            try
            {
                await RefreshAsync();
            }
            catch (StreamHouseException e)
            {
                return e;
            }
        }
        NewRecord content = record.Record;
        if (!TryChoose(content, record.Partition, out int chosen, out bool isSticky))
        {
            return new StreamHouseException(
                StreamHouseErrorCode.UnknownPartition, $"{Name} has {_partitions.Length} partitions; there is no partition {chosen}.")
            {
                Topic = Name,
                Partition = chosen,
            };
        }
        Append(content, chosen, isSticky);
        return null;
    }

    private bool TryPeek([NotNullWhen(true)] out PendingRecord? record)
    {
        lock (_gate)
        {
            if (_line.TryPeek(out record))
            {
                return true;
            }
            _isDraining = false;
            _lastInLine = null;
            _isOpen = _isResolved;
            return false;
        }
    }

    private void Dequeue()
    {
        lock (_gate)
        {
            _line.Dequeue();
        }
    }

    private void FailLine(StreamHouseException error)
    {
        lock (_gate)
        {
            while (_line.TryDequeue(out PendingRecord? record))
            {
                record.Fail(error);
            }
        }
    }

    private async Task<StreamHouseException?> TryResolveAsync()
    {
        Backoff backoff = core.NewBackoff();
        long startedAt = core.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                await RefreshAsync();
                return null;
            }
            catch (StreamHouseException e)
            {
                if (!e.IsRetriable || core.Clock.GetElapsedTime(startedAt) >= core.Options.DeliveryTimeout)
                {
                    return e;
                }
            }
            try
            {
                await Task.Delay(backoff.Next(), core.Clock, core.Closing);
            }
            catch (OperationCanceledException)
            {
                return new StreamHouseException(StreamHouseErrorCode.ShuttingDown, "The producer was closed.");
            }
        }
    }

    private async Task RefreshQuietlyAsync()
    {
        _isRefreshing = true;
        try
        {
            await RefreshAsync();
        }
        catch (StreamHouseException)
        {
            // What is known still serves; the next batch tries again.
        }
        finally
        {
            _isRefreshing = false;
        }
    }

    /// <returns>The number of partitions.</returns>
    private async Task<int> RefreshAsync()
    {
        GetTopicResponse answer =
            await core.Transport.CallAsync(AdminRpc.GetTopic, new GetTopicRequest { Topic = Name }, core.Options.RequestTimeout, core.Closing);
        ProducerIdentity identity = await core.FirstIdentityAsync();
        int count = answer.Topic.Partitions;
        lock (_gate)
        {
            PartitionProducer[] before = _partitions;
            if (count != before.Length)
            {
                PartitionProducer[] after = new PartitionProducer[count];
                for (int i = 0; i < count; i++)
                {
                    after[i] = i < before.Length ? before[i] : new PartitionProducer(core, this, i, identity);
                }
                Volatile.Write(ref _sticky, core.Random.Next(count));
                Volatile.Write(ref _partitions, after);
            }
            Volatile.Write(ref _refreshedAt, core.Clock.GetTimestamp());
            _isResolved = true;
        }
        return count;
    }
}
