namespace StreamHouse.Broker;

/// <summary>A request failed for a reason its caller can act on.</summary>
public sealed class BrokerException : Exception
{
    /// <param name="code">Why.</param>
    /// <param name="message">What happened and what to do, for a person.</param>
    /// <param name="inner">The cause, if another exception was.</param>
    public BrokerException(BrokerErrorCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>Why.</summary>
    public BrokerErrorCode Code { get; }
}
