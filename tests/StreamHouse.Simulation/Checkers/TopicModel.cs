using StreamHouse.Broker;
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
