namespace StreamHouse.Simulation.Checkers;

/// <summary>What tests use inside a run, where a library's own waiting would leave the kernel's thread.</summary>
internal static class Thrown
{
    /// <summary>The exception of this type that <paramref name="act"/> ends with.</summary>
    public static async Task<T> ByAsync<T>(Func<Task> act)
        where T : Exception
    {
        try
        {
            await act();
        }
        catch (T e)
        {
            return e;
        }
        throw new InvariantException($"No {typeof(T).Name} was thrown.");
    }
}
