using System.Buffers.Binary;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Actors;

/// <summary>How simulated members share partitions out, and write that down: the coordinator passes it on unread.</summary>
internal static class GroupAssignment
{
    private const int PartitionBytes = 20;

    /// <summary>Each partition to one member, in turn.</summary>
    public static IReadOnlyList<MemberAssignment> Share(IReadOnlyList<JoinedMember> members, IReadOnlyList<TopicPartition> partitions)
    {
        List<MemberAssignment> shares = [];
        for (int m = 0; m < members.Count; m++)
        {
            List<byte> share = [];
            for (int p = m; p < partitions.Count; p += members.Count)
            {
                byte[] one = new byte[PartitionBytes];
                partitions[p].Topic.Value.TryWriteBytes(one);
                BinaryPrimitives.WriteInt32BigEndian(one.AsSpan(16), partitions[p].Partition);
                share.AddRange(one);
            }
            shares.Add(new MemberAssignment(members[m].MemberId, share.ToArray()));
        }
        return shares;
    }

    /// <summary>What one member was given.</summary>
    public static IReadOnlyList<TopicPartition> Read(ReadOnlySpan<byte> share)
    {
        List<TopicPartition> partitions = [];
        for (; share.Length > 0; share = share[PartitionBytes..])
        {
            partitions.Add(new TopicPartition(new TopicId(new Guid(share[..16])), BinaryPrimitives.ReadInt32BigEndian(share[16..])));
        }
        return partitions;
    }
}
