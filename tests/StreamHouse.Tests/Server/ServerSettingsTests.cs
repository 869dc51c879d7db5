using System.Collections;
using StreamHouse.Broker;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Tests.Server;

public sealed class ServerSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_any_source_everything_is_at_its_default()
    {
        ServerOptions options = Read([]).Get<ServerOptions>();

        options.ShouldBe(new ServerOptions());
        options.BindAddress.ShouldBe(System.Net.IPAddress.Loopback);
    }

    [Fact]
    public void Command_line_wins_over_environment_and_environment_over_the_file()
    {
        string file = Write("""{ "GrpcPort": 1, "HttpPort": 2, /* why not */ "DataDir": "from-file", }""");
        Hashtable environment = new() { ["STREAMHOUSE_GRPC_PORT"] = "3", ["STREAMHOUSE_HTTP_PORT"] = "4" };

        ServerOptions options = Read(["--config", file, "--grpc-port", "5"], environment).Get<ServerOptions>();

        options.GrpcPort.ShouldBe(5);
        options.HttpPort.ShouldBe(4);
        options.DataDir.ShouldBe("from-file");
    }

    [Fact]
    public void Sections_bind_from_every_source()
    {
        string file = Write("""{ "Consume": { "HeartbeatInterval": "250ms", "BytesMax": 2097152 } }""");
        Hashtable environment = new() { ["STREAMHOUSE_CONSUME__BYTES_DEFAULT"] = "4096" };

        var consume = Read(["--config", file, "--set", "produce:StreamRequestsMax=7"], environment);

        consume.Get<StreamHouse.Server.Grpc.Consuming.ConsumeOptions>().HeartbeatInterval.ShouldBe(TimeSpan.FromMilliseconds(250));
        consume.Get<StreamHouse.Server.Grpc.Consuming.ConsumeOptions>().BytesMax.ShouldBe(2097152);
        consume.Get<StreamHouse.Server.Grpc.Consuming.ConsumeOptions>().BytesDefault.ShouldBe(4096);
        consume.Get<StreamHouse.Server.Grpc.Producing.ProduceOptions>().StreamRequestsMax.ShouldBe(7);
    }

    [Fact]
    public void A_node_log_too_small_for_the_default_batch_is_refused_naming_both_settings()
    {
        (_, string error, int exitCode) = TryRead(["--set", "NodeLog:FileBytes=262144"], []);

        exitCode.ShouldBe(ExitCode.InvalidConfiguration);
        error.ShouldContain("NodeLog:FileBytes: a log with files of 262144 bytes");
        error.ShouldContain("max.message.bytes");
    }

    [Fact]
    public void Every_section_of_the_engine_reaches_it()
    {
        ServerSettings settings = Read([]);
        BrokerOptions options = EngineOptions.From(settings);

        foreach (System.Reflection.PropertyInfo part in typeof(BrokerOptions).GetProperties().Where(p => p.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal)))
        {
            OptionSection section = SettingCatalog.Sections.Single(
                s => s.Create().GetType() == part.PropertyType && (part.PropertyType != typeof(StreamHouse.Broker.Uploads.UploadOptions) || s.Name == part.Name));
            part.GetValue(options).ShouldBeSameAs(settings.Get<object>(section.Name), part.Name);
        }
    }

    [Fact]
    public void All_failures_are_told_at_once_each_with_key_and_source()
    {
        string file = Write("""{ "GrpcPort": "x", "Nope": 1, "Consume": { "WaitMax": "5 parsecs" }, "HttpPort": [1] }""");

        (_, string error, int exitCode) = TryRead(["--config", file, "--bind", "nowhere", "--set", "LogLevel=loud", "--set", "broken"], []);

        exitCode.ShouldBe(ExitCode.InvalidConfiguration);
        error.ShouldContain($"GrpcPort: 'x' is not a whole number. ({file})");
        error.ShouldContain($"Nope: there is no such setting ({file})");
        error.ShouldContain("Consume:WaitMax: '5 parsecs' is not a duration such as");
        error.ShouldContain($"HttpPort: a single value is expected ({file})");
        error.ShouldContain("Bind: 'nowhere' is not an IP address");
        error.ShouldContain("LogLevel: 'loud' is not one of Trace, Debug");
        error.ShouldContain("broken: --set takes key=value");
    }

    [Theory]
    [InlineData("GrpcPort=-1", "GrpcPort: -1 is out of range, 0 to 65535 is allowed")]
    [InlineData("GrpcPort=65536", "GrpcPort: 65536 is out of range")]
    [InlineData("ShutdownTimeout=0s", "ShutdownTimeout: 0s is out of range, 1s to 5m is allowed")]
    [InlineData("DataDir=", "DataDir: the value is empty")]
    [InlineData("LogLevel=1", "LogLevel: '1' is not one of")]
    [InlineData("GrpcPort=8080", "HttpPort: 8080 is the port of the gRPC listener too")]
    [InlineData("Consume:BytesDefault=33554432", "Consume:BytesDefault: 33554432 is more than BytesMax")]
    [InlineData("Mode=distributed", "Mode: 'distributed' is not one of Unified")]
    public void Value_that_cannot_be_used_is_refused(string assignment, string expected)
    {
        (ServerSettings? settings, string error, _) = TryRead(["--set", assignment], []);

        settings.ShouldBeNull();
        error.ShouldContain(expected);
    }

    [Fact]
    public void Missing_configuration_file_is_refused_when_it_was_named()
    {
        (ServerSettings? settings, string error, _) = TryRead(["--config", Path.Combine(_folder, "absent.json")], []);

        settings.ShouldBeNull();
        error.ShouldContain("absent.json: cannot be read");
    }

    [Fact]
    public void Broken_json_is_told_with_its_line()
    {
        (_, string error, _) = TryRead(["--config", Write("{\n\n \"GrpcPort\": }")], []);

        error.ShouldContain("line 3 is not valid JSON");
    }

    [Fact]
    public void Unknown_variable_of_ours_is_a_warning_and_that_of_streamctl_is_none()
    {
        ServerSettings settings = Read([], new Hashtable { ["STREAMHOUSE_GRPCPORT"] = "1", ["STREAMHOUSE_ADDR"] = "x", ["PATH"] = "y" });

        settings.Warnings.Single().ShouldContain("STREAMHOUSE_GRPCPORT");
    }

    [Fact]
    public void Help_names_every_flag_and_exits_with_success()
    {
        StringWriter output = new();

        ServerSettings? settings = new ServerCommand().Read(["--help"], new Hashtable(), output, output, out int exitCode);

        settings.ShouldBeNull();
        exitCode.ShouldBe(ExitCode.Success);
        string[] flags = ["--data-dir", "--bind", "--grpc-port", "--http-port", "--kafka-port", "--config", "--set", "--settings", "--log-level", "--log-format"];
        flags.ShouldAllBe(flag => output.ToString().Contains(flag));
    }

    [Fact]
    public void Unknown_flag_is_refused()
    {
        (ServerSettings? settings, string error, int exitCode) = TryRead(["--grpc-prot", "1"], []);

        settings.ShouldBeNull();
        exitCode.ShouldBe(ExitCode.InvalidConfiguration);
        error.ShouldContain("--grpc-prot");
    }

    [Fact]
    public void Every_setting_has_its_own_key_and_variable()
    {
        SettingCatalog.All.Select(s => s.Key.ToUpperInvariant()).ShouldBeUnique();
        SettingCatalog.All.Select(s => s.EnvironmentVariable).ShouldBeUnique();
        SettingCatalog.EnvironmentAliases.Values.ShouldAllBe(key => SettingCatalog.Find(key) != null);
    }

    [Fact]
    public void Every_default_lies_in_its_own_range() => SettingCatalog.All
        .Where(s => s.DefaultText.Length > 0 && !s.Accepts(SettingText.Parse(s.Property.PropertyType, s.DefaultText)))
        .Select(s => s.Key).ShouldBeEmpty();

    private static ServerSettings Read(string[] args, Hashtable? environment = null)
    {
        (ServerSettings? settings, string error, _) = TryRead(args, environment ?? []);
        return settings.ShouldNotBeNull(error);
    }

    private static (ServerSettings? Settings, string Error, int ExitCode) TryRead(string[] args, Hashtable environment)
    {
        StringWriter error = new();
        ServerSettings? settings = new ServerCommand().Read(args, environment, TextWriter.Null, error, out int exitCode);
        return (settings, error.ToString(), exitCode);
    }

    private string Write(string json)
    {
        string path = Path.Combine(_folder, "settings.json");
        File.WriteAllText(path, json);
        return path;
    }
}
