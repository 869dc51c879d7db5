using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>A topic as its operator knows it.</summary>
internal sealed class TopicModel(TopicDescription created)
{
    public TopicId Id => created.Id;

    public string Name => created.Name;

    public Durability Durability => created.Durability;

    /// <summary>Partitions that were acknowledged.</summary>
    public int Partitions { get; set; } = created.Partitions;

    /// <summary>Settings that were acknowledged.</summary>
    public TopicConfig Config { get; set; } = created.Config;

    /// <summary>Retention is, or has been, set.</summary>
    public bool MayExpire { get; set; } = created.Config != TopicConfig.Default;

    /// <summary>Its deletion was acknowledged.</summary>
    public bool Gone { get; set; }

    /// <summary>A new log is empty, whatever the last topic of this name held.</summary>
    /// <exception cref="InvariantException">It is not.</exception>
    public void CheckNew(int partition, OffsetQuery query, long offset)
    {
        if (offset != 0)
        {
            throw new InvariantException($"{Name}/{partition} is new, and its log's {query} is {offset}.");
        }
    }

    /// <summary>Once deleted, it takes nothing and shows nothing.</summary>
    /// <param name="appended">How an append ended.</param>
    /// <param name="fetched">How a read ended.</param>
    /// <param name="everywhere">Whoever was asked knows of the deletion; else it may still show what was there.</param>
    /// <exception cref="InvariantException">It does.</exception>
    public void CheckGone(BrokerErrorCode appended, BrokerErrorCode fetched, bool everywhere)
    {
        if (appended == BrokerErrorCode.None || (everywhere && fetched != BrokerErrorCode.UnknownTopic))
        {
            throw new InvariantException($"{Name} ({Id}) is deleted, but an append ended with {appended} and a read with {fetched}.");
        }
    }

    /// <summary>Holds what a process serves against what was acknowledged.</summary>
    public void Check(IBroker broker, string who)
    {
        TopicDescription? byId = broker.FindTopic(Id);
        TopicDescription? byName = broker.FindTopic(Name);
        if (Gone)
        {
            if (byId is not null || byName?.Id == Id)
            {
                throw new InvariantException($"Topic {Name} ({Id}) was deleted, and is known to {who} again.");
            }
            return;
        }
        if (byId is null || byName?.Id != Id)
        {
            throw new InvariantException($"Topic {Name} ({Id}) was created, and is not known to {who}.");
        }
        if (byId.Partitions != Partitions || byId.Durability != Durability)
        {
            throw new InvariantException($"Topic {Name} has {Partitions} partitions, durability {Durability}, but {who} has {byId.Partitions}, {byId.Durability}.");
        }
        if (!byId.Config.Overrides.SequenceEqual(Config.Overrides))
        {
            throw new InvariantException(
                $"Topic {Name} has the settings [{string.Join(", ", Config.Overrides)}], but {who} has [{string.Join(", ", byId.Config.Overrides)}].");
        }
    }
}
