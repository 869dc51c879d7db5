using Google.Protobuf;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Client.Retries;

/// <summary>Requests that are tried again, after a wait, while their failure is retriable and time is left.</summary>
internal sealed class RetryingCaller(IClientTransport transport, RetryOptions options, TimeSpan timeout, TimeProvider clock, Random random)
{
    /// <summary>Calls a method.</summary>
    /// <param name="method">The method.</param>
    /// <param name="request">Its request.</param>
    /// <param name="isRepeatable">Whether it does no harm to call it again when it is not known whether the last call took effect.</param>
    /// <param name="ct">Ends the call and the waits.</param>
    /// <exception cref="StreamHouseException">It failed for good.</exception>
    public Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, bool isRepeatable, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() => CallAsync(method, request, static _ => null, isRepeatable, ct);

    /// <summary>Calls a method whose answer may hold an error.</summary>
    /// <param name="method">The method.</param>
    /// <param name="request">Its request.</param>
    /// <param name="errorIn">Finds the error in an answer, which then counts as a failure of the call; null when there is none.</param>
    /// <param name="isRepeatable">Whether it does no harm to call it again when it is not known whether the last call took effect.</param>
    /// <param name="ct">Ends the call and the waits.</param>
    /// <exception cref="StreamHouseException">It failed for good.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, Func<TResponse, StreamHouseException?> errorIn, bool isRepeatable,
        CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Backoff backoff = new(options, random);
        long startedAt = clock.GetTimestamp();
        StreamHouseException? before = null;
        while (true)
        {
            TimeSpan remaining = timeout - clock.GetElapsedTime(startedAt);
            TimeSpan delay;
            try
            {
                TimeSpan limit = remaining > TimeSpan.Zero ? remaining : TimeSpan.FromMilliseconds(1);
                TResponse answer = await transport.CallAsync(method, request, limit, ct);
                return errorIn(answer) is { } error ? throw error : answer;
            }
            catch (StreamHouseException e) when (e.IsRetriable && (isRepeatable || !e.IsOutcomeUnknown))
            {
                delay = backoff.Next();
                if (clock.GetElapsedTime(startedAt) + delay >= timeout)
                {
                    if (before is not null && e.Code == StreamHouseErrorCode.TimedOut)
                    {
                        throw CutShort(before, e);
                    }
                    throw;
                }
                before = e;
            }
            await Task.Delay(delay, clock, ct);
        }
    }

    // The last try had only what was left of the time: that it ended says less than why the ones before failed.
    private static StreamHouseException CutShort(StreamHouseException before, StreamHouseException last) => new(
        before.Code,
        $"{before.Message} Another try had no answer in the time left.",
        before.IsRetriable,
        before.IsOutcomeUnknown || last.IsOutcomeUnknown,
        before)
    {
        Topic = before.Topic,
        Partition = before.Partition,
        LogStartOffset = before.LogStartOffset,
        HighWatermark = before.HighWatermark,
    };
}
