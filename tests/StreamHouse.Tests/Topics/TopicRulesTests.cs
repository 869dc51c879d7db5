using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Topics;

public class TopicRulesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("orders.v1_EU-west")]
    [InlineData("...")]
    public void Names_by_the_rule_are_accepted(string name) => Should.NotThrow(() => TopicName.ThrowIfInvalid(name));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("größe")]
    public void Other_names_are_refused(string? name) =>
        Should.Throw<BrokerException>(() => TopicName.ThrowIfInvalid(name)).Code.ShouldBe(BrokerErrorCode.InvalidTopic);

    [Fact]
    public void A_name_may_have_249_characters_and_no_more()
    {
        Should.NotThrow(() => TopicName.ThrowIfInvalid(new string('x', 249)));
        Should.Throw<BrokerException>(() => TopicName.ThrowIfInvalid(new string('x', 250))).Message.ShouldContain("249");
    }

    [Fact]
    public void Settings_are_parsed_and_remembered_as_overrides()
    {
        TopicConfig config = TopicConfig.Parse([new("retention.ms", "60000"), new("message.timestamp.type", "LogAppendTime")]);

        config.RetentionMs.ShouldBe(60_000);
        config.TimestampType.ShouldBe(TimestampType.LogAppendTime);
        config.MaxMessageBytes.ShouldBe(TopicConfig.Default.MaxMessageBytes);
        config.Overrides.Keys.ShouldBe(["message.timestamp.type", "retention.ms"]);
        config.Effective().Single(e => e.Key == "retention.ms").Value.ShouldBe("60000");
    }

    [Theory]
    [InlineData("retention.ms", "-2")]
    [InlineData("retention.ms", "soon")]
    [InlineData("retention.bytes", "1.5")]
    [InlineData("max.message.bytes", "0")]
    [InlineData("max.message.bytes", "99999999999")]
    [InlineData("message.timestamp.type", "createtime")]
    [InlineData("cleanup.policy", "compact")]
    [InlineData("retention.hours", "1")]
    public void Bad_settings_are_refused_by_name(string name, string value)
    {
        BrokerException refused = Should.Throw<BrokerException>(() => TopicConfig.Parse([new(name, value)]));

        refused.Code.ShouldBe(BrokerErrorCode.InvalidConfig);
        refused.Message.ShouldContain(name);
    }

    [Fact]
    public void A_removed_override_is_the_default_again()
    {
        TopicConfig config = TopicConfig.Parse([new("retention.ms", "5"), new("retention.bytes", "6")]).Without("retention.ms");

        config.RetentionMs.ShouldBe(TopicConfig.Default.RetentionMs);
        config.RetentionBytes.ShouldBe(6);
        config.Overrides.Keys.ShouldBe(["retention.bytes"]);
    }
}
