using System.CommandLine;
using System.CommandLine.Parsing;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Producers;

namespace StreamHouse.Cli.Topics;

/// <summary><c>streamctl topic</c>.</summary>
internal static class TopicCommands
{
    public static Command Build(GlobalOptions globals, Terminal terminal) => new HelpfulCommand("topic", "Creates, lists, describes, alters and deletes topics")
    {
        Create(globals, terminal),
        List(globals, terminal),
        Describe(globals, terminal),
        Alter(globals, terminal),
        Delete(globals, terminal),
    };

    /// <summary>The argument that names a topic.</summary>
    public static Argument<string> Name() => new("TOPIC") { Description = "The topic's name" };

    private static HelpfulCommand Create(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = Name();
        Option<int?> partitions = new("--partitions", "-p") { Description = "Number of partitions; the server's default if not given", HelpName = "N", CustomParser = NumberText.ParseOptional<int> };
        Option<RecordDurability?> durability = new("--durability")
        {
            Description = "What an acknowledgement means, for ever: local (synced to the server's disk), object (in the object store) or quorum",
            HelpName = "local|object|quorum",
            CustomParser = ParseDurability,
        };
        Option<string[]> config = Config();
        Option<bool> ifNotExists = new("--if-not-exists") { Description = "Succeed when the topic is there already, and leave it as it is" };
        Option<bool> check = new("--dry-run") { Description = "Only check the request" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "create",
            "Creates a topic",
            "streamctl topic create orders",
            "streamctl topic create orders --partitions 12 --config retention.ms=86400000",
            "streamctl topic create audit --durability object --if-not-exists")
        {
            name, partitions, durability, config, ifNotExists, check, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            NewTopic topic = new(parse.GetValue(name)!)
            {
                Partitions = parse.GetValue(partitions),
                Durability = parse.GetValue(durability),
                Config = ToSettings(parse.GetValue(config)!),
                ValidateOnly = parse.GetValue(check),
            };
            string done = topic.ValidateOnly ? "Could create" : "Created";
            TopicInfo created;
            try
            {
                created = await client.Admin.CreateTopicAsync(topic, ct);
            }
            catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.TopicAlreadyExists && parse.GetValue(ifNotExists))
            {
                created = (await client.Admin.GetTopicAsync(topic.Name, ct)).Topic;
                done = "There is already";
            }
            TopicOutput.WriteOne(terminal, parse.GetValue(output), done, created);
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand List(GlobalOptions globals, Terminal terminal)
    {
        Option<string?> prefix = new("--prefix") { Description = "Only topics whose names begin so", HelpName = "TEXT" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "list", "Lists topics by name", "streamctl topic list", "streamctl topic list --prefix orders. --output json")
        {
            prefix, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            List<TopicInfo> topics = [];
            await foreach (TopicInfo topic in client.Admin.ListTopicsAsync(parse.GetValue(prefix), ct))
            {
                topics.Add(topic);
            }
            TopicOutput.WriteList(terminal, parse.GetValue(output), topics);
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Describe(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = Name();
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "describe", "Shows a topic's settings and the state of its partitions", "streamctl topic describe orders") { name, output };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            TopicOutput.WriteDetails(terminal, parse.GetValue(output), await client.Admin.GetTopicAsync(parse.GetValue(name)!, ct));
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Alter(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = Name();
        Option<string[]> config = Config();
        Option<string[]> reset = new("--reset")
        {
            Description = "A setting that goes back to its default; may be given several times",
            HelpName = "NAME",
            DefaultValueFactory = _ => [],
        };
        Option<int?> partitions = new("--partitions", "-p") { Description = "The new number of partitions, which can only grow", HelpName = "N", CustomParser = NumberText.ParseOptional<int> };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "alter",
            "Changes a topic's settings, or adds partitions",
            "streamctl topic alter orders --config retention.ms=3600000",
            "streamctl topic alter orders --reset retention.ms --partitions 24")
        {
            name, config, reset, partitions, output,
        };
        command.Check(
            parse => parse.GetValue(config)!.Length == 0 && parse.GetValue(reset)!.Length == 0 && parse.GetValue(partitions) is null,
            "Nothing to change: pass --config, --reset or --partitions.");
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            TopicChanges changes = new()
            {
                SetConfig = ToSettings(parse.GetValue(config)!),
                ResetConfig = parse.GetValue(reset)!,
                Partitions = parse.GetValue(partitions),
            };
            TopicInfo altered = await client.Admin.AlterTopicAsync(parse.GetValue(name)!, changes, ct);
            TopicOutput.WriteOne(terminal, parse.GetValue(output), "Altered", altered);
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Delete(GlobalOptions globals, Terminal terminal)
    {
        Argument<string[]> names = new("TOPIC") { Description = "Names of topics", Arity = ArgumentArity.OneOrMore };
        Option<bool> ifExists = new("--if-exists") { Description = "Succeed also for topics that do not exist" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "delete",
            "Deletes topics and their records, for ever. One that cannot be deleted does not keep the others from it",
            "streamctl topic delete orders",
            "streamctl topic delete a b c --if-exists")
        {
            names, ifExists, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            Deletions deletions = new("topic", isDryRun: false, parse.GetValue(ifExists) ? StreamHouseErrorCode.UnknownTopic : null);
            await deletions.RunAsync(parse.GetValue(names)!, name => client.Admin.DeleteTopicAsync(name, ct), ct);
            return deletions.Write(terminal, parse.GetValue(output));
        });
        return command;
    }

    private static Option<string[]> Config() => new("--config", "-c")
    {
        Description = "A setting by Kafka's name, such as retention.ms=3600000; may be given several times",
        HelpName = "NAME=VALUE",
        DefaultValueFactory = _ => [],
        Validators =
        {
            result =>
            {
                foreach (Token token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                {
                    result.AddError($"'{token.Value}' is not of the form NAME=VALUE.");
                }
            },
        },
    };

    private static Dictionary<string, string> ToSettings(string[] texts)
    {
        Dictionary<string, string> settings = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int at = text.IndexOf('=', StringComparison.Ordinal);
            settings[text[..at]] = text[(at + 1)..];
        }
        return settings;
    }

    private static RecordDurability? ParseDurability(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "local":
                return RecordDurability.Local;
            case "object":
                return RecordDurability.Object;
            case "quorum":
                return RecordDurability.Quorum;
            default:
                result.AddError($"--durability is local, object or quorum, not '{result.Tokens[0].Value}'.");
                return null;
        }
    }
}
