using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>Turns what the file system throws into the object store's errors.</summary>
internal static class FolderErrors
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    public static T Wrap<T>(string verb, string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (IOException e) when (e is not ObjectStoreException)
        {
            throw e.HResult is NoSpace or QuotaExceeded
                ? new ObjectStoreFullException($"Cannot {verb} '{name}': no space is left where the objects are kept. Free some; it is tried again.", e)
                : new ObjectStoreException($"Cannot {verb} '{name}': {e.Message}", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ObjectStoreException($"Cannot {verb} '{name}': {e.Message} Check the owner and mode of the folder that holds the objects.", e);
        }
    }

    public static void Wrap(string verb, string name, Action work) => Wrap(verb, name, () =>
    {
        work();
        return true;
    });
}
