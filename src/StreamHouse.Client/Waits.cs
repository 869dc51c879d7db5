namespace StreamHouse.Client;

/// <summary>Waits that stay on the caller's scheduler, unlike those of the framework, so that a simulation keeps its order.</summary>
internal static class Waits
{
    /// <summary>Waits for a task, but no longer than until the token is cancelled; the task goes on.</summary>
    public static async Task UntilAsync(Task task, CancellationToken ct)
    {
        if (!ct.CanBeCanceled || task.IsCompleted)
        {
            await task;
            return;
        }
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using (ct.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), first))
        {
            _ = ForwardAsync(task, first);
            await first.Task;
        }
    }

    private static async Task ForwardAsync(Task task, TaskCompletionSource target)
    {
        try
        {
            await task;
            target.TrySetResult();
        }
#pragma warning disable CA1031 // Handed on, whatever it is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            target.TrySetException(e);
        }
    }
}
