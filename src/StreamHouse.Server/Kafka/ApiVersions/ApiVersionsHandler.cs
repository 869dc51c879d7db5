using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.ApiVersions;

/// <summary>Tells which APIs and versions there are. The first request of most clients.</summary>
internal sealed class ApiVersionsHandler(KafkaHandlers handlers) : IKafkaHandler<ApiVersionsRequest, ApiVersionsResponse>
{
    /// <summary>What a client is told that asks in a version that is not known: the versions it may ask in. Always written as version 0.</summary>
    public static ApiVersionsResponse UnknownVersion { get; } = new()
    {
        ErrorCode = KafkaErrorCode.UnsupportedVersion,
        ApiKeys = [Describe(SupportedApis.Get(ApiKey.ApiVersions))],
    };

    public ValueTask<ApiVersionsResponse> HandleAsync(ApiVersionsRequest request, KafkaCall call)
    {
        if (call.Version >= 3 && !(IsSoftwareName(request.ClientSoftwareName) && IsSoftwareName(request.ClientSoftwareVersion)))
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "The name or version of the client's software breaks the protocol's rule.");
        }
        return ValueTask.FromResult(new ApiVersionsResponse { ApiKeys = [.. handlers.Served.Select(Describe)] });
    }

    public ApiVersionsResponse Refuse(ApiVersionsRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };

    private static ApiVersionsResponse.ApiVersion Describe(ApiSupport api) => new()
    {
        ApiKey = (short)api.Key,
        MinVersion = api.VersionMin,
        MaxVersion = api.VersionMax,
    };

    // Kafka's rule (KIP-511): letters, digits, '-' and '.', with a letter or digit at both ends.
    private static bool IsSoftwareName(string name) =>
        name.Length > 0 && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
            && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
}
