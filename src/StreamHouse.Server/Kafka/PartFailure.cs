using StreamHouse.Broker;
using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka;

/// <summary>Why one part of a request (a topic, a partition, a resource) failed; its other parts go on.</summary>
/// <param name="Code">What the client is told; none for success.</param>
/// <param name="Message">For a person; null for success.</param>
internal readonly record struct PartFailure(KafkaErrorCode Code, string? Message)
{
    /// <summary>Does one part's work.</summary>
    public static async ValueTask<PartFailure> OfAsync(Func<Task> work)
    {
        try
        {
            await work();
            return default;
        }
        catch (TimeoutException)
        {
            return new PartFailure(KafkaErrorCode.RequestTimedOut, "It did not end within the time given, and goes on.");
        }
        catch (BrokerException e)
        {
            return new PartFailure(KafkaErrors.Of(e.Code), e.Message);
        }
        catch (PartRefusedException e)
        {
            return new PartFailure(e.Code, e.Message);
        }
    }

    /// <summary>Does one part's work.</summary>
    public static PartFailure Of(Action work)
    {
        try
        {
            work();
            return default;
        }
        catch (BrokerException e)
        {
            return new PartFailure(KafkaErrors.Of(e.Code), e.Message);
        }
        catch (PartRefusedException e)
        {
            return new PartFailure(e.Code, e.Message);
        }
    }
}

/// <summary>A part of a request breaks a rule that only this protocol has. Caught by <see cref="PartFailure"/>.</summary>
/// <param name="code">What the client is told.</param>
/// <param name="message">What is wrong and what would be right, for a person.</param>
internal sealed class PartRefusedException(KafkaErrorCode code, string message) : Exception(message)
{
    /// <summary>What the client is told.</summary>
    public KafkaErrorCode Code { get; } = code;
}
