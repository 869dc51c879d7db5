using StreamHouse.Client.Transport;

namespace StreamHouse.Client.Producers;

/// <summary>What was decided under a partition's lock, to be done outside it.</summary>
internal struct PartitionWork
{
    private ProducerBatch? _lastSent;
    private (ProducerBatch Batch, ProduceOutcome Outcome) _firstFinished;
    private List<(ProducerBatch Batch, ProduceOutcome Outcome)>? _otherFinished;

    public bool StartsLinger { get; set; }

    public bool StartsRecovery { get; set; }

    /// <summary>The batches sent, linked; their answers are to be awaited.</summary>
    public ProducerBatch? FirstSent { get; private set; }

    /// <summary>How many batches have ended.</summary>
    public int FinishedCount { get; private set; }

    /// <summary>A batch that has ended, and how.</summary>
    public readonly (ProducerBatch Batch, ProduceOutcome Outcome) FinishedAt(int index) =>
        index == 0 ? _firstFinished : _otherFinished![index - 1];

    public void Observe(ProducerBatch batch)
    {
        if (_lastSent is null)
        {
            FirstSent = batch;
        }
        else
        {
            _lastSent.NextSent = batch;
        }
        _lastSent = batch;
    }

    public void Finish(ProducerBatch batch, in ProduceOutcome outcome)
    {
        if (FinishedCount++ == 0)
        {
            _firstFinished = (batch, outcome);
            return;
        }
        (_otherFinished ??= []).Add((batch, outcome));
    }
}
