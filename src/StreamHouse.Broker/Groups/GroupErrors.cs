namespace StreamHouse.Broker.Groups;

/// <summary>What the errors of groups mean, for a person.</summary>
public static class GroupErrors
{
    /// <summary>What happened and what to do.</summary>
    public static string MessageOf(BrokerErrorCode error) => error switch
    {
        BrokerErrorCode.RebalanceInProgress => "The group is between two generations; join again.",
        BrokerErrorCode.IllegalGeneration => "The generation is not the group's; join again.",
        BrokerErrorCode.UnknownMember => "The group has no such member; join again without a member id.",
        BrokerErrorCode.FencedInstance => "Another member has taken over the static member's name.",
        BrokerErrorCode.InconsistentGroupProtocol => "The protocol is not the one the group has chosen.",
        BrokerErrorCode.InvalidGroupId => $"A group's name has 1 to {GroupName.LengthMax} characters.",
        BrokerErrorCode.GroupNotEmpty => "The group has members; stop them first.",
        BrokerErrorCode.GroupNotFound => "There is no such group.",
        BrokerErrorCode.GroupSubscribedToTopic => "A member of the group subscribes to the topic.",
        BrokerErrorCode.OffsetMetadataTooLarge => "The text left with the offset is too long (Groups:OffsetMetadataLengthMax).",
        BrokerErrorCode.ShuttingDown => "The server is shutting down; join again at its successor.",
        _ => $"The request failed: {error}.",
    };
}
