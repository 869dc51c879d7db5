using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker;

/// <summary>Turns faults of the ports into the errors <see cref="IBroker"/> promises.</summary>
internal static class StorageFaults
{
    /// <summary>Runs <paramref name="work"/>.</summary>
    /// <exception cref="BrokerException">It failed.</exception>
    public static async Task<T> TranslateAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (MetadataUnavailableException e)
        {
            throw new BrokerException(BrokerErrorCode.TimedOut, $"The metadata store did not answer, the outcome is unknown: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new BrokerException(BrokerErrorCode.StorageFailed, e.Message, e);
        }
    }
}
