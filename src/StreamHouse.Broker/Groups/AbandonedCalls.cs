namespace StreamHouse.Broker.Groups;

/// <summary>Calls whose caller may go away while they wait.</summary>
internal static class AbandonedCalls
{
    /// <summary>Waits; when <paramref name="ct"/> ends first, <paramref name="abandon"/> takes back what the call has begun.</summary>
    public static async Task<T> UntilCancelledAsync<T>(TaskCompletionSource<T> waiting, Action abandon, CancellationToken ct)
    {
        await using (ct.UnsafeRegister(
            (_, token) =>
            {
                abandon();
                waiting.TrySetCanceled(token);
            },
            null))
        {
            return await waiting.Task;
        }
    }
}
