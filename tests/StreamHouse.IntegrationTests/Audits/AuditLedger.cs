using System.Collections.Concurrent;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>A partition of a topic of the audit.</summary>
internal readonly record struct AuditPartition(string Topic, int Partition);

/// <summary>As whom a record was written.</summary>
/// <param name="Id">The producer's id.</param>
/// <param name="Epoch">The producer's epoch.</param>
/// <param name="Sequence">The record's number among those of this id and epoch for the partition.</param>
internal readonly record struct AuditIdentity(long Id, short Epoch, int Sequence);

/// <summary>What producers were told and what readers saw; says at the end whether both agree with the log.</summary>
internal sealed class AuditLedger
{
    private readonly ConcurrentQueue<(AuditPartition At, long Offset, AuditRecord Record)> _acknowledged = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private long _unacknowledged;

    public long Acknowledged => _acknowledged.Count;

    public long AcknowledgedOf(string topic) => _acknowledged.Count(a => a.At.Topic == topic);

    public long Unacknowledged => Interlocked.Read(ref _unacknowledged);

    /// <summary>Whatever must not happen and has; empty when all is well.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    public void Acknowledge(AuditPartition at, long offset, AuditRecord record) => _acknowledged.Enqueue((at, offset, record));

    public void GiveUp() => Interlocked.Increment(ref _unacknowledged);

    public void Fault(string what) => _faults.Enqueue(what);

    /// <summary>
    /// Holds the log against what was acknowledged: every acknowledged record at its offset, none twice, each producer's in order.
    /// </summary>
    /// <param name="at">The partition.</param>
    /// <param name="log">Its records; the index is the offset.</param>
    /// <param name="isOrdered">Whether a producer's unacknowledged records too must be in order: it never gave one up.</param>
    /// <param name="identities">
    /// As whom each record was written, for producers that take a new identity after giving records up: what they then send again nobody can tell from
    /// new records. Under one identity nothing is there twice, by its content or by its sequence, and nothing that was acknowledged is there once more
    /// behind its acknowledged place. Null where every record must be there once.
    /// </param>
    public void Check(
        AuditPartition at, IReadOnlyList<AuditRecord> log, Func<int, bool> isOrdered, IReadOnlyList<AuditIdentity>? identities = null)
    {
        HashSet<(AuditRecord, (long, short))> present = [];
        Dictionary<int, int> last = [];
        Dictionary<AuditRecord, int> lastPlaces = [];
        CheckSequences(at, identities ?? []);
        for (int offset = 0; offset < log.Count; offset++)
        {
            AuditRecord record = log[offset];
            (long, short) writer = isOrdered(record.Producer) || identities is null ? default : (identities[offset].Id, identities[offset].Epoch);
            if (!present.Add((record, writer)))
            {
                Fault($"{at}@{offset}: {record} is there a second time, of {identities?[offset]}.");
            }
            lastPlaces[record] = offset;
            if (isOrdered(record.Producer))
            {
                int expected = last.GetValueOrDefault(record.Producer, -1) + 1;
                if (record.Sequence != expected)
                {
                    Fault($"{at}@{offset}: {record} where its producer's {expected} was due.");
                }
                last[record.Producer] = record.Sequence;
            }
        }
        Dictionary<int, (int Sequence, long Offset)> lastAcknowledged = [];
        foreach ((_, long offset, AuditRecord record) in _acknowledged.Where(a => a.At == at).OrderBy(a => a.Record.Producer).ThenBy(a => a.Record.Sequence))
        {
            if (offset < 0 || offset >= log.Count)
            {
                Fault($"{at}@{offset}: {record} was acknowledged here and is lost; the log ends at {log.Count}.");
            }
            else if (log[(int)offset] != record)
            {
                Fault($"{at}@{offset}: {record} was acknowledged here, but {log[(int)offset]} is there.");
            }
            else if (lastPlaces[record] > offset)
            {
                Fault($"{at}@{offset}: {record} was acknowledged here, and is there once more at {lastPlaces[record]}.");
            }
            if (lastAcknowledged.TryGetValue(record.Producer, out var before) && before.Offset >= offset)
            {
                Fault($"{at}@{offset}: {record} comes before {before.Sequence} of the same producer, acknowledged at {before.Offset}.");
            }
            lastAcknowledged[record.Producer] = (record.Sequence, offset);
        }
    }

    private void CheckSequences(AuditPartition at, IReadOnlyList<AuditIdentity> identities)
    {
        Dictionary<(long, short), int> last = [];
        for (int offset = 0; offset < identities.Count; offset++)
        {
            (long id, short epoch, int sequence) = identities[offset];
            // The log is whole from offset 0 on, so that what an identity wrote begins in it with its first sequence.
            int before = last.GetValueOrDefault((id, epoch), -1);
            if (sequence != before + 1)
            {
                Fault($"{at}@{offset}: sequence {sequence} of producer {id}, epoch {epoch}, comes after {before}.");
            }
            last[(id, epoch)] = sequence;
        }
    }
}
