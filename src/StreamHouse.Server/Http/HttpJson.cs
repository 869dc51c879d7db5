using System.Text.Json.Serialization;
using StreamHouse.Server.Http.Consume;
using StreamHouse.Server.Http.Events;
using StreamHouse.Server.Http.Groups;
using StreamHouse.Server.Http.Offsets;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Server.Http.Produce;
using StreamHouse.Server.Http.Segments;
using StreamHouse.Server.Http.Status;
using StreamHouse.Server.Http.Topics;

namespace StreamHouse.Server.Http;

/// <summary>How the API's documents are read and written, generated at build time. Fields that are not known are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AlterTopic))]
[JsonSerializable(typeof(CommitOffsets))]
[JsonSerializable(typeof(CreateTopic))]
[JsonSerializable(typeof(DeletedRecords))]
[JsonSerializable(typeof(EventGap))]
[JsonSerializable(typeof(FetchAnswer))]
[JsonSerializable(typeof(GroupDetails))]
[JsonSerializable(typeof(GroupLag))]
[JsonSerializable(typeof(GroupList))]
[JsonSerializable(typeof(GroupOffsets))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ProduceAccepted))]
[JsonSerializable(typeof(ProduceAnswer))]
[JsonSerializable(typeof(ProduceBody))]
[JsonSerializable(typeof(SegmentList))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(TopicDetails))]
[JsonSerializable(typeof(TopicList))]
[JsonSerializable(typeof(TopicOffsets))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(string))]
internal sealed partial class HttpJson : JsonSerializerContext;
