namespace StreamHouse.Broker.Topics;

/// <summary>Kafka's rules for topic names: 1 to 249 of <c>a-z A-Z 0-9 . _ -</c>, and neither <c>.</c> nor <c>..</c>.</summary>
public static class TopicName
{
    /// <summary>Longest name, in characters.</summary>
    public const int LengthMax = 249;

    /// <summary>Checks a name.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidTopic"/>, saying which rule is broken.</exception>
    public static void ThrowIfInvalid(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new BrokerException(BrokerErrorCode.InvalidTopic, "The topic name is empty.");
        }
        if (name.Length > LengthMax)
        {
            throw new BrokerException(BrokerErrorCode.InvalidTopic, $"The topic name has {name.Length} characters; at most {LengthMax} are allowed.");
        }
        if (name is "." or "..")
        {
            throw new BrokerException(BrokerErrorCode.InvalidTopic, $"The topic name cannot be '{name}'.");
        }
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                throw new BrokerException(
                    BrokerErrorCode.InvalidTopic,
                    $"The topic name '{name}' holds a character that is not allowed (U+{(int)c:X4}); use letters, digits, '.', '_' and '-'.");
            }
        }
    }
}
