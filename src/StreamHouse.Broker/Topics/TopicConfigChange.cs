namespace StreamHouse.Broker.Topics;

/// <summary>What to do with a setting.</summary>
public enum TopicConfigOperation
{
    /// <summary>Give it a value.</summary>
    Set,

    /// <summary>Back to its default.</summary>
    Reset,

    /// <summary>Add values to a list; those that are in it already are left out.</summary>
    Append,

    /// <summary>Take values out of a list; those that are not in it are left out.</summary>
    Subtract,
}

/// <summary>One change of a topic's settings.</summary>
/// <param name="Name">The setting.</param>
/// <param name="Operation">What to do with it.</param>
/// <param name="Value">The value, or for lists values with commas between; ignored by <see cref="TopicConfigOperation.Reset"/>.</param>
public readonly record struct TopicConfigChange(string Name, TopicConfigOperation Operation, string Value = "");
