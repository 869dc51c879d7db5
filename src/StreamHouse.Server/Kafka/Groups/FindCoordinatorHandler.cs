using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Tells who coordinates a group: this server, under the address by which the asking client reaches it.</summary>
internal sealed class FindCoordinatorHandler(KafkaOptions options) : IKafkaHandler<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;

    public ValueTask<FindCoordinatorResponse> HandleAsync(FindCoordinatorRequest request, KafkaCall call)
    {
        (KafkaErrorCode error, string? message) = Check(request.KeyType);
        if (error != KafkaErrorCode.None)
        {
            return ValueTask.FromResult(Refuse(request, error, message!));
        }
        return ValueTask.FromResult(new FindCoordinatorResponse
        {
            NodeId = options.NodeId,
            Host = call.Client.AdvertisedHost,
            Port = call.Client.AdvertisedPort,
            Coordinators = [.. request.CoordinatorKeys.Select(key => new FindCoordinatorResponse.Coordinator
            {
                Key = key, NodeId = options.NodeId, Host = call.Client.AdvertisedHost, Port = call.Client.AdvertisedPort,
            })],
        });
    }

    public FindCoordinatorResponse Refuse(FindCoordinatorRequest request, KafkaErrorCode error, string message) => new()
    {
        ErrorCode = error,
        ErrorMessage = message,
        NodeId = -1,
        Port = -1,
        Coordinators = [.. request.CoordinatorKeys.Select(key => new FindCoordinatorResponse.Coordinator
        {
            Key = key, NodeId = -1, Port = -1, ErrorCode = error, ErrorMessage = message,
        })],
    };

    // A refused transactional id is what every client gives up at, with the message; other codes make some of them ask for ever.
    private static (KafkaErrorCode Error, string? Message) Check(sbyte keyType) => keyType switch
    {
        Group => (KafkaErrorCode.None, null),
        Transaction => (KafkaErrorCode.TransactionalIdAuthorizationFailed, TransactionsRefused),
        _ => (KafkaErrorCode.InvalidRequest, $"There are no coordinators of kind {keyType} here; 0 finds a group's."),
    };

    /// <summary>What a client that wants transactions is told.</summary>
    public const string TransactionsRefused = "This server does not serve transactions. Use an idempotent producer without transactional.id.";
}
