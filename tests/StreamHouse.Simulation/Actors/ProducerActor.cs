using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Network;

namespace StreamHouse.Simulation.Actors;

/// <summary>How a producer behaves.</summary>
internal sealed record ProducerPlan
{
    /// <summary>Whether it has sequences and sends again what was not acknowledged. A plain producer sends everything once.</summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>When it wants its answers. Without <see cref="Broker.Partitions.Acks.All"/> everything is sent once, and may be lost at a crash.</summary>
    public Acks Acks { get; init; } = Acks.All;

    public int InFlightMax { get; init; } = 5;

    public int RecordsMax { get; init; } = 4;

    public int PaddingMax { get; init; } = 200;

    public (TimeSpan First, TimeSpan Last) Pause { get; init; } = (TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(3));

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// A producer to one partition: several batches in flight, in order. An idempotent one sends again, in order and with the same sequences, until
/// each is acknowledged; of a plain one's batches each may be in the log once or not at all when it was not acknowledged.
/// </summary>
internal sealed class ProducerActor(SimWorld world, LogModel model, string name, TopicPartition partition, ProducerPlan plan) : Actor(world, name)
{
    private readonly List<Sent> _open = [];
    private long _nextRecord;
    private int _nextBatch;
    private int _nextSequence;
    private long _producerId = -1;
    private SimConnection? _ordered;
    private List<ulong> _order = [];
    private bool _unknown;

    /// <summary>Batches acknowledged so far.</summary>
    public int Acknowledged { get; private set; }

    // Batches from the oldest open one on, also those acknowledged since: a log knows a producer's last five again, so that a batch whose answer
    // was lost must not fall behind them.
    private int Span => _open.Count == 0 ? 0 : _nextBatch - _open[0].Number;

    // Who writes to a topic that is deleted meanwhile goes on until it is told.
    private bool IsGone => model[partition].Deleted && (_unknown || Finishing);

    protected override async Task RunAsync()
    {
        if (plan.Idempotent)
        {
            await FindIdentityAsync();
        }
        while ((!Finishing || _open.Count > 0) && !IsGone)
        {
            int more = Finishing ? 0 : Random.Between(1, plan.InFlightMax) - Span;
            for (int i = 0; i < more; i++)
            {
                Make();
            }
            if (!await SendAllAsync())
            {
                await Link.AfterFailureAsync();
            }
            if (!plan.Idempotent)
            {
                GiveUp();
            }
            if (!Finishing)
            {
                await PauseAsync(plan.Pause.First, plan.Pause.Last);
            }
        }
        GiveUp();
    }

    private async Task FindIdentityAsync()
    {
        while (_producerId < 0)
        {
            try
            {
                _producerId = await Link.Connection.CallAsync(b => b.NewProducerIdAsync(CancellationToken.None), plan.Timeout);
            }
            catch (Exception e) when (ClientLink.IsFailure(e))
            {
                await Link.AfterFailureAsync();
            }
        }
    }

    private void Make()
    {
        int count = Random.Between(1, plan.RecordsMax);
        MadeBatch batch = RecordMaker.Make(
            Name, ref _nextRecord, count, plan.PaddingMax, Process.Clock.GetUtcNow().ToUnixTimeMilliseconds(), Random, _producerId, _nextSequence);
        _nextSequence += count;
        model.Made.UnionWith(batch.Hashes);
        _open.Add(new Sent(_nextBatch++, batch, World.Kernel.Now));
    }

    // All of them leave before the first answer is looked at; answers are looked at in order. The first of an identity goes alone: a leader that does
    // not know a producer yet takes any sequence as its first, so that none may overtake it to a process that is just becoming the leader.
    private async Task<bool> SendAllAsync()
    {
        SimConnection connection = Link.Connection;
        if (plan.Acks != Acks.All)
        {
            NoteOrder(connection);
        }
        List<(Sent Sent, Task<AppendResult> Answer)> waiting = new(_open.Count);
        foreach (Sent sent in plan.Idempotent && Acknowledged == 0 ? _open.Take(1) : _open)
        {
            byte[] batch = sent.Batch.Bytes;
            waiting.Add((sent, connection.CallAsync(b => Requests.AppendAsync(b, partition, batch, plan.Acks), plan.Timeout, repeatable: plan.Idempotent)));
        }
        if (plan.Acks == Acks.None)
        {
            // Nobody waits: what becomes of them shows in the log only.
            return true;
        }
        bool succeeded = true;
        foreach ((Sent sent, Task<AppendResult> answer) in waiting)
        {
            succeeded &= await TryFinishAsync(sent, answer);
        }
        return succeeded;
    }

    private async Task<bool> TryFinishAsync(Sent sent, Task<AppendResult> answer)
    {
        try
        {
            AppendResult result = await answer;
            if (result.Error == BrokerErrorCode.None)
            {
                Acknowledge(sent, result);
                return true;
            }
            _unknown |= result.Error == BrokerErrorCode.UnknownTopic && model[partition].Deleted;

            // An earlier batch of the same flight may have been lost: then this one leaves a gap, until both are sent again.
            if (!result.Error.IsRetriable() && result.Error != BrokerErrorCode.OutOfOrderSequence && !Link.MayBeUnknown(result.Error, model[partition]))
            {
                throw new InvariantException($"{Name} was refused with {result.Error} by {partition}: {result.Message}");
            }
        }
        catch (Exception e) when (ClientLink.IsFailure(e))
        {
            World.Kernel.Trace.Add(Name, $"batch {sent.Batch.Sequence}: {e.Message}");
        }
        return false;
    }

    private void Acknowledge(Sent sent, in AppendResult result)
    {
        World.Kernel.Trace.Add(Name, $"batch {sent.Batch.Sequence} acknowledged at {result.BaseOffset}, epoch {result.LeaderEpoch}");
        PartitionModel log = model[partition];
        if (plan.Acks != Acks.All)
        {
            // Sequenced, no more: it may yet be lost, and is seen later than this.
            log.Weak.Add(new WeakAppend(sent.Batch.Hashes, result.LeaderEpoch, result.BaseOffset));
            log.Appends.Add(new AppendOperation(sent.Batch.Hashes[0], sent.Batch.Hashes.Length, sent.Began, null, -1));
            _open.Remove(sent);
            Acknowledged++;
            return;
        }
        for (int i = 0; i < sent.Batch.Hashes.Length; i++)
        {
            log.Learn(result.BaseOffset + i, sent.Batch.Hashes[i], acknowledged: true, Name);
        }
        log.Appends.Add(new AppendOperation(sent.Batch.Hashes[0], sent.Batch.Hashes.Length, sent.Began, World.Kernel.Now, result.BaseOffset));
        _open.Remove(sent);
        Link.Succeeded();
        Acknowledged++;
    }

    // Requests of one connection arrive in the order they were sent.
    private void NoteOrder(SimConnection connection)
    {
        if (connection != _ordered)
        {
            _ordered = connection;
            model[partition].Orders.Add(_order = []);
        }
        foreach (Sent sent in _open)
        {
            _order.AddRange(sent.Batch.Hashes);
        }
    }

    // What was not acknowledged stays open for ever: it may be in the log already, or come into it late.
    private void GiveUp()
    {
        foreach (Sent sent in _open)
        {
            model[partition].Appends.Add(new AppendOperation(sent.Batch.Hashes[0], sent.Batch.Hashes.Length, sent.Began, null, -1));
        }
        _open.Clear();
    }

    private sealed record Sent(int Number, MadeBatch Batch, TimeSpan Began);
}
