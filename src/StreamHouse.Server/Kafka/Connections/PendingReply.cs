namespace StreamHouse.Server.Kafka.Connections;

/// <summary>What becomes of a connection when a request of it is done.</summary>
internal enum ReplyKind
{
    /// <summary>An answer was written.</summary>
    Answer,

    /// <summary>The client wants none.</summary>
    Silence,

    /// <summary>There is none, and the client learns of it by the end of the connection.</summary>
    Close,
}

/// <summary>A request that has begun, and its answer to be. Answers leave in the order in which their requests came.</summary>
internal abstract class PendingReply
{
    /// <summary>What the request counts against the limits of memory.</summary>
    public required int RequestBytes { get; init; }

    /// <summary>Whether <see cref="Write"/> may be called.</summary>
    public abstract bool IsCompleted { get; }

    /// <summary>Calls <paramref name="continuation"/> once completed.</summary>
    public abstract void OnCompleted(Action continuation);

    /// <summary>Ends when nobody holds the request's bytes any more; its memory counts until then, answered or not.</summary>
    public virtual Task Settled => Task.CompletedTask;

    /// <summary>Whether the client wants its answer by now, whatever it is. See <see cref="Expire"/>.</summary>
    public virtual bool IsOverdue(long now) => false;

    /// <summary>Completes an overdue reply without waiting on, on any thread.</summary>
    public virtual void Expire()
    {
    }

    /// <summary>Writes the answer.</summary>
    public abstract ReplyKind Write(ReplyBuffer output);

    /// <summary>The answer has been sent, or never will be. Called once, after completion.</summary>
    public abstract void Release();
}
