namespace StreamHouse.Client;

/// <summary>How fresh the answer of a read must be. Only committed records are shown at any level.</summary>
public enum ReadConsistency
{
    /// <summary>
    /// From the leader's memory. While another process takes a partition over, its former leader may not know yet, and answer with an older end of
    /// the log.
    /// </summary>
    Strong = 0,

    /// <summary>
    /// Everything that was acknowledged with <c>acks=all</c> before the request is seen. The server asks its metadata store first; when that does
    /// not answer, the call is tried again and fails with <see cref="StreamHouseErrorCode.TimedOut"/> in the end.
    /// </summary>
    Linearizable = 1,
}
