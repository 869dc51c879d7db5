using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World;

/// <summary>A call from a process to something outside it: the act happens in the world, whatever becomes of the process meanwhile.</summary>
internal static class WorldCall
{
    /// <summary>Acts after a time, and answers after another.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="until">Time until the act.</param>
    /// <param name="act">What happens then.</param>
    /// <param name="reply">Time from there to the answer.</param>
    /// <param name="inProcess">It is the caller itself that acts, so that nothing happens once it is dead.</param>
    public static Task<T> RunAsync<T>(SimProcess caller, TimeSpan until, Func<T> act, TimeSpan reply, bool inProcess = false)
    {
        SimKernel kernel = caller.Kernel;
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        kernel.Schedule(kernel.World, until, static c => ((Call<T>)c!).Act(), new Call<T>(kernel, inProcess ? caller : kernel.World, act, reply, answer));
        return answer.Task;
    }

    private sealed class Call<T>(SimKernel kernel, SimProcess actor, Func<T> act, TimeSpan reply, TaskCompletionSource<T> answer)
    {
        private T? _result;
        private Exception? _failure;

        public void Act()
        {
            if (!actor.Alive)
            {
                return;
            }
            try
            {
                _result = act();
            }
            catch (Exception e)
            {
                _failure = e;
            }
            if (reply > TimeSpan.Zero)
            {
                kernel.Schedule(kernel.World, reply, static c => ((Call<T>)c!).Answer(), this);
            }
            else
            {
                Answer();
            }
        }

        private void Answer()
        {
            if (_failure is { } failure)
            {
                answer.TrySetException(failure);
            }
            else
            {
                answer.TrySetResult(_result!);
            }
        }
    }
}
