namespace StreamHouse.Kafka;

/// <summary>What is supported of one API.</summary>
/// <param name="Key">The API.</param>
/// <param name="VersionMin">Lowest version to advertise. Clients test for some old versions by their presence alone.</param>
/// <param name="VersionMax">Highest version, advertised and accepted.</param>
/// <param name="AcceptedVersionMin">Lowest version that is answered with more than an error.</param>
/// <param name="FlexibleVersionMin">First version with compact lengths and tagged fields; <see cref="short.MaxValue"/> when there is none.</param>
public sealed record ApiSupport(ApiKey Key, short VersionMin, short VersionMax, short AcceptedVersionMin, short FlexibleVersionMin)
{
    /// <summary>Whether requests of <paramref name="version"/> can be read and answered, be it with an error.</summary>
    public bool IsAdvertised(short version) => version >= VersionMin && version <= VersionMax;

    /// <summary>Whether requests of <paramref name="version"/> are served.</summary>
    public bool IsAccepted(short version) => version >= AcceptedVersionMin && version <= VersionMax;

    /// <summary>Whether <paramref name="version"/> has compact lengths and tagged fields.</summary>
    public bool IsFlexible(short version) => version >= FlexibleVersionMin;

    /// <summary>Version of the request header: 2 with tagged fields, 1 without.</summary>
    public short RequestHeaderVersion(short version) => IsFlexible(version) ? (short)2 : (short)1;

    /// <summary>
    /// Version of the response header: 1 with tagged fields, 0 without. That of <see cref="ApiKey.ApiVersions"/> is always 0, because a client
    /// reads it before it knows which versions the broker has.
    /// </summary>
    public short ResponseHeaderVersion(short version) => IsFlexible(version) && Key != ApiKey.ApiVersions ? (short)1 : (short)0;
}
