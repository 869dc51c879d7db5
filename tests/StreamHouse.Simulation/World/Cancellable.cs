namespace StreamHouse.Simulation.World;

/// <summary>Waits that end early without ending what is waited for.</summary>
internal static class Cancellable
{
    /// <summary>The result of a call, or a cancellation; the act itself goes on.</summary>
    public static async Task<T> WaitAsync<T>(Task<T> call, CancellationToken ct)
    {
        if (!ct.CanBeCanceled || call.IsCompleted)
        {
            return await call;
        }
        TaskCompletionSource<T> either = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ForwardAsync(call, either);
        await using (ct.UnsafeRegister(static (e, token) => ((TaskCompletionSource<T>)e!).TrySetCanceled(token), either))
        {
            return await either.Task;
        }
    }

    private static async Task ForwardAsync<T>(Task<T> call, TaskCompletionSource<T> either)
    {
        try
        {
            either.TrySetResult(await call);
        }
        catch (Exception e)
        {
            either.TrySetException(e);
        }
    }
}
