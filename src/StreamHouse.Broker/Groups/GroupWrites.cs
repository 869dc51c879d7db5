namespace StreamHouse.Broker.Groups;

/// <summary>
/// What is on its way to the store, group by group. Commits and generations go together, in the order the store keeps; a deletion waits for what came
/// before it, and what comes after waits for the deletion, so that none removes what was accepted later. Safe for concurrent use.
/// </summary>
internal sealed class GroupWrites
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Last> _lastByGroup = new(StringComparer.Ordinal);

    /// <summary>Ends when all that was accepted for a group before the call has ended, well or badly.</summary>
    public Task SettledAsync(string group)
    {
        lock (_lock)
        {
            return _lastByGroup.GetValueOrDefault(group).Ended ?? Task.CompletedTask;
        }
    }

    /// <summary>Accepts a write before it returns, and begins it too unless a deletion is under way. It ends when those before it have.</summary>
    public Task<T> WriteAsync<T>(string group, Func<Task<T>> write) => AcceptAsync(group, write, isDeletion: false);

    /// <summary>Accepts a deletion before it returns.</summary>
    public Task<T> DeleteAsync<T>(string group, Func<Task<T>> delete) => AcceptAsync(group, delete, isDeletion: true);

    private Task<T> AcceptAsync<T>(string group, Func<Task<T>> write, bool isDeletion)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Last before;
        lock (_lock)
        {
            before = _lastByGroup.GetValueOrDefault(group);

            // Whatever follows one that waits must wait too: it would overtake.
            _lastByGroup[group] = new Last(ended.Task, isDeletion || before.HoldsUp);
        }
        return RunAsync(group, write, isDeletion || before.HoldsUp, before.Ended ?? Task.CompletedTask, ended);
    }

    private async Task<T> RunAsync<T>(string group, Func<Task<T>> write, bool waits, Task before, TaskCompletionSource ended)
    {
        try
        {
            if (waits)
            {
                await before;
            }
            return await write();
        }
        finally
        {
            await before;
            lock (_lock)
            {
                if (_lastByGroup[group].Ended == ended.Task)
                {
                    _lastByGroup.Remove(group);
                }
            }
            ended.SetResult();
        }
    }

    private readonly record struct Last(Task? Ended, bool HoldsUp);
}
