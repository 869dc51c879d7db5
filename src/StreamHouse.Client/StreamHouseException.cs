namespace StreamHouse.Client;

/// <summary>An operation failed: <see cref="Code"/> says why, the message what to do about it.</summary>
public sealed class StreamHouseException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">Why the operation failed.</param>
    /// <param name="message">What happened and what to do, for a person.</param>
    /// <param name="isRetriable">Whether the same operation may succeed when tried again.</param>
    /// <param name="isOutcomeUnknown">Whether the operation may have taken effect all the same.</param>
    /// <param name="inner">The cause, if another exception was.</param>
    public StreamHouseException(
        StreamHouseErrorCode code, string message, bool isRetriable = false, bool isOutcomeUnknown = false, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        IsRetriable = isRetriable;
        IsOutcomeUnknown = isOutcomeUnknown;
    }

    /// <summary>Why the operation failed.</summary>
    public StreamHouseErrorCode Code { get; }

    /// <summary>Whether the same operation may succeed when tried again. Producers and consumers have tried already.</summary>
    public bool IsRetriable { get; }

    /// <summary>Whether the operation may have taken effect all the same: the connection broke before its answer came.</summary>
    public bool IsOutcomeUnknown { get; }

    /// <summary>The topic concerned, or null.</summary>
    public string? Topic { get; init; }

    /// <summary>The partition concerned, or null.</summary>
    public int? Partition { get; init; }

    /// <summary>With <see cref="StreamHouseErrorCode.OffsetOutOfRange"/>: the first offset that can be read.</summary>
    public long? LogStartOffset { get; init; }

    /// <summary>With <see cref="StreamHouseErrorCode.OffsetOutOfRange"/>: the offset up to which records can be read, exclusive.</summary>
    public long? HighWatermark { get; init; }
}
