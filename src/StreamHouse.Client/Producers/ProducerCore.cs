using Microsoft.Extensions.Logging;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Producers;

/// <summary>What a producer's topics and partitions share.</summary>
internal sealed class ProducerCore : IDisposable
{
    private const int BatchesKeptMax = 16;
    private const int CompletionsKeptMax = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Stack<ProducerBatch> _kept = new();
    private readonly CancellationTokenSource _closing = new();
    private StreamHouseException? _failure;
    private ProducerIdentity? _identity;

    public ProducerCore(IClientTransport transport, ProducerOptions options, TimeProvider clock, Random random, ILogger log)
    {
        Transport = transport;
        Options = options;
        Clock = clock;
        Random = random;
        Logger = log;
        Budget = new BufferBudget(options.BufferBytesMax);
        Closing = _closing.Token;
        Acks = options.Acks switch
        {
            ProducerAcks.All => Acks.All,
            ProducerAcks.Leader => Acks.Leader,
            ProducerAcks.None => Acks.None,
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Acks, "Not a kind of acknowledgement."),
        };
    }

    public IClientTransport Transport { get; }

    public ProducerOptions Options { get; }

    public TimeProvider Clock { get; }

    public Random Random { get; }

    public ILogger Logger { get; }

    public BufferBudget Budget { get; }

    public RecordCompletionPool Completions { get; } = new(CompletionsKeptMax);

    public Acks Acks { get; }

    /// <summary>Cancelled once everything is delivered and the producer closed.</summary>
    public CancellationToken Closing { get; }

    public ProducerBatch RentBatch()
    {
        ProducerBatch? batch;
        lock (_gate)
        {
            _kept.TryPop(out batch);
        }
        batch ??= new ProducerBatch();
        batch.CreatedAt = Clock.GetTimestamp();
        return batch;
    }

    /// <summary>Tells everyone concerned about the end of a batch, and takes it back. Not under any lock: the user's callback runs here.</summary>
    public void Finish(string topic, int partition, ProducerBatch batch, in ProduceOutcome outcome)
    {
        batch.Complete(partition, outcome);
        if (outcome.Error is { } error)
        {
            Log.BatchFailed(Logger, topic, partition, batch.RecordCount, error);
            if (batch.HasUnawaited)
            {
                Interlocked.CompareExchange(ref _failure, error, null);
            }
        }
        if (Options.OnDelivery is { } onDelivery)
        {
            try
            {
                onDelivery(new BatchDelivery(
                    topic, partition, outcome.BaseOffset, batch.RecordCount, ProducerBatch.DurabilityOf(outcome.Durability), outcome.Error));
            }
#pragma warning disable CA1031 // The user's code may throw anything; the partition must go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.CallbackThrew(Logger, topic, partition, e);
            }
        }
        Budget.Release(batch.ChargedBytes);
        batch.Reset();
        lock (_gate)
        {
            if (_kept.Count < BatchesKeptMax && !Closing.IsCancellationRequested)
            {
                _kept.Push(batch);
                return;
            }
        }
        batch.Dispose();
    }

    /// <summary>The first failure of records nobody awaits since the last call.</summary>
    public StreamHouseException? TakeFailure() => Interlocked.Exchange(ref _failure, null);

    /// <summary>The identity that partitions begin with.</summary>
    public async Task<ProducerIdentity> FirstIdentityAsync()
    {
        if (!Options.Idempotent)
        {
            return ProducerIdentity.None;
        }
        if (_identity is { } known)
        {
            return known;
        }
        ProducerIdentity identity = await NewIdentityAsync();
        _identity = identity;
        return identity;
    }

    /// <summary>An identity nobody has used; one attempt.</summary>
    public async Task<ProducerIdentity> NewIdentityAsync()
    {
        if (!Options.Idempotent)
        {
            return ProducerIdentity.None;
        }
        InitProducerResponse answer =
            await Transport.CallAsync(ProducerRpc.InitProducer, new InitProducerRequest(), Options.RequestTimeout, Closing);
        return new ProducerIdentity(answer.ProducerId, (short)answer.ProducerEpoch);
    }

    public Backoff NewBackoff() => new(Options.Retry, Random);

    public void Close()
    {
        _closing.Cancel();
        lock (_gate)
        {
            while (_kept.TryPop(out ProducerBatch? batch))
            {
                batch.Dispose();
            }
        }
    }

    public void Dispose() => _closing.Dispose();
}
