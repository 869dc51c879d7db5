using System.Net;

namespace StreamHouse.Server.Kafka.Listeners;

/// <summary>One listener: where it binds, and what its clients are told.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Requested">Where it binds; port 0 for a free one.</param>
/// <param name="AdvertisedHost">What clients are told, or null for the address that each has connected to.</param>
/// <param name="AdvertisedPort">What clients are told, or null for the port that each has connected to.</param>
/// <param name="UsesTls">Whether it speaks TLS.</param>
internal sealed record KafkaEndpoint(string Name, IPEndPoint Requested, string? AdvertisedHost, int? AdvertisedPort, bool UsesTls);
