using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Broker.Partitions;

/// <summary>Whether a batch may be sequenced.</summary>
internal enum AdmissionOutcome
{
    /// <summary>Now: its space is set aside.</summary>
    Admitted,

    /// <summary>When space has been freed.</summary>
    Wait,

    /// <summary>Not at all.</summary>
    Refused,
}

/// <summary>
/// Sets space aside for batches before they are sequenced, in memory and, for local topics, in the node log, and words the refusals of those
/// that found none. One for the process.
/// </summary>
internal sealed class AppendAdmission(NodeLog nodeLog, TailMemory memory, UploadHealth uploads, AppendTimeouts timeouts, Action requestFlush)
{
    /// <summary>Refuses a batch that could never be written; null when it could.</summary>
    public AppendResult? RefuseSize(Durability durability, int bytes) => durability == Durability.Local && bytes > nodeLog.BatchBytesMax
        ? AppendResult.Refused(
            BrokerErrorCode.BatchTooLarge,
            $"The batch has {bytes} bytes; the node log of this server takes up to {nodeLog.BatchBytesMax}. Send smaller batches or raise NodeLog:FileBytes.")
        : null;

    /// <summary>Sets space aside. An admitted batch must be sequenced at once, and <see cref="TailMemory.Entered"/> be told.</summary>
    /// <param name="durability">The topic's.</param>
    /// <param name="bytes">The batch's size, which <see cref="RefuseSize"/> has let pass.</param>
    /// <param name="refusal">Why the batch was refused.</param>
    public AdmissionOutcome Admit(Durability durability, int bytes, out AppendResult refusal)
    {
        refusal = default;
        if (!memory.TryAdmit(bytes))
        {
            requestFlush();
            return AdmissionOutcome.Wait;
        }
        if (durability == Durability.Object)
        {
            return AdmitToObjects(bytes, out refusal);
        }
        NodeLogAdmission logged = nodeLog.Admit(bytes);
        if (logged == NodeLogAdmission.Admitted)
        {
            return AdmissionOutcome.Admitted;
        }
        memory.Entered(bytes);
        if (logged != NodeLogAdmission.Closed && nodeLog.NeedsTiering)
        {
            // Only what is in objects leaves the log.
            requestFlush();
        }
        if (logged == NodeLogAdmission.Wait)
        {
            return AdmissionOutcome.Wait;
        }
        refusal = logged == NodeLogAdmission.NoSpace
            ? AppendResult.Refused(BrokerErrorCode.NoSpace, "The disk of the node log is full; reads go on. Free space, then send again.")
            : AppendResult.Refused(BrokerErrorCode.ShuttingDown, "The server is shutting down; send again to its successor.");
        return AdmissionOutcome.Refused;
    }

    /// <summary>What a producer is told whose sequenced batch is not in an object in time; null while nothing has failed.</summary>
    public AppendResult? RefuseUnstored() => uploads.Fault is { } fault
        ? AppendResult.Refused(
            BrokerErrorCode.TimedOut,
            $"The batch was not stored within {timeouts.WaitMax.TotalSeconds:0.#} s, since {fault.Step} of segments fail: {fault.Error.Message} "
            + "They are tried again and may store it yet: whether it will be kept is unknown.")
        : null;

    /// <summary>Refuses a batch retriably that cannot wait, or not any longer.</summary>
    /// <param name="reason">Which of the two, as the beginning of a sentence.</param>
    public AppendResult RefuseWaiting(string reason) => uploads.Fault is { } fault
        ? AppendResult.Refused(fault.Code, $"{reason}, and {fault.Step} of segments fail: {fault.Error.Message} Reads go on; send again later.")
        : AppendResult.Refused(BrokerErrorCode.Overloaded, $"{reason}. Try again later, or slow down.");

    // Without a log a batch is as good as its upload: while uploads fail, no more are taken on.
    private AdmissionOutcome AdmitToObjects(int bytes, out AppendResult refusal)
    {
        refusal = default;
        if (uploads.Fault is not { } fault || !timeouts.IsOver(fault.Since))
        {
            return AdmissionOutcome.Admitted;
        }
        memory.Entered(bytes);
        refusal = RefuseWaiting("The batch could not be stored in time");
        return AdmissionOutcome.Refused;
    }
}
