using System.Globalization;
using Google.Protobuf;
using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Grpc.Admin;

/// <summary>Serves the segments and the state of the server of <c>streamhouse.v1.AdminService</c>.</summary>
internal sealed class StatusService(IBroker broker, ServerIdentity identity)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(AdminRpc.ListSegments.Server, ListSegmentsAsync);
        routes.Unary(AdminRpc.GetStatus.Server, GetStatus);
    }

    private async ValueTask<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, RpcContext context)
    {
        TopicDescription topic = broker.Require(request.Topic, Guid.Empty);
        int size = AdminService.PageSize(request.PageSize);
        (int partition, long offset) = request.PageToken.Length == 0
            ? (request.HasPartition ? request.Partition : 0, request.FromOffset)
            : ParseToken(request.PageToken);
        int last = request.HasPartition ? partition : topic.Partitions - 1;
        ListSegmentsResponse response = new();
        for (; partition <= last; partition++, offset = request.FromOffset)
        {
            int room = size - response.Segments.Count;
            IReadOnlyList<SegmentRow> rows = await broker.ListSegmentsAsync(new TopicPartition(topic.Id, partition), offset, room + 1, context.Aborted);
            response.Segments.AddRange(rows.Take(room).Select(AdminMessages.Of));
            if (rows.Count > room)
            {
                response.NextPageToken = string.Create(CultureInfo.InvariantCulture, $"{partition}:{rows[room].BaseOffset}");
                break;
            }
        }
        return response;
    }

    private ValueTask<GetStatusResponse> GetStatus(GetStatusRequest request, RpcContext context)
    {
        BrokerStatus status = broker.Status;
        GetStatusResponse response = new()
        {
            ClusterId = ByteString.CopyFrom(status.ClusterId.ToByteArray(bigEndian: true)),
            Version = ServerIdentity.Version,
            NodeId = status.Incarnation.ToString("D"),
            UptimeMs = (long)identity.Uptime.TotalMilliseconds,
            Mode = "unified",
            Topics = status.Topics,
            Partitions = status.Partitions,
            NodeLogBytes = status.NodeLogBytes,
            TailBytes = status.TailBytes,
            DataDir = identity.DataFolder,
            ObjectStore = status.ObjectStore,
        };
        response.Listeners.AddRange(identity.Listeners.Select(l => new Listener { Protocol = l.Protocol, Address = l.Address }));
        return ValueTask.FromResult(response);
    }

    private static (int Partition, long Offset) ParseToken(string token)
    {
        int colon = token.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && int.TryParse(token.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
            && long.TryParse(token.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? (partition, offset)
            : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"page_token is '{token}', which no answer has contained.");
    }
}
