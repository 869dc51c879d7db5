using System.Collections;
using System.CommandLine;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Configuration;

/// <summary>The command line of <c>streamhouse</c>.</summary>
internal sealed class ServerCommand
{
    private readonly Option<string?> _config = new("--config")
    {
        Description = "JSON file with settings. Default: appsettings.json in the working directory, else beside the executable, if there is one.",
        HelpName = "file",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Any setting by its key, such as --set LogLevel=Debug. May be repeated. --settings lists all keys.",
        HelpName = "key=value",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _settings = new("--settings")
    {
        Description = "Print every setting with its default, what it accepts and its environment variable, then exit.",
    };

    private readonly (Option<string?> Option, string Key)[] _direct =
    [
        (Direct("--data-dir", "folder", "Folder of everything the server keeps; made when it is missing. Default: data"), nameof(ServerOptions.DataDir)),
        (Direct("--bind", "address", "Address of all listeners: an IP address, localhost, or * for every interface. Default: 127.0.0.1 (this machine only)"), nameof(ServerOptions.Bind)),
        (Direct("--grpc-port", "port", "Port of the gRPC listener, 0 for a free one. Default: 50051"), nameof(ServerOptions.GrpcPort)),
        (Direct("--http-port", "port", "Port of the HTTP listener, 0 for a free one. Default: 8080"), nameof(ServerOptions.HttpPort)),
        (Direct("--kafka-port", "port", "Port of the Kafka listener, 0 for a free one. Default: 9092"), nameof(ServerOptions.KafkaPort)),
        (Direct("--log-level", "level", "Trace, Debug, Information, Warning, Error, Critical or None. Default: Information"), nameof(ServerOptions.LogLevel)),
        (Direct("--log-format", "format", "Text or Json. Default: Text"), nameof(ServerOptions.LogFormat)),
    ];

    private readonly RootCommand _root;

    public ServerCommand()
    {
        _root = new RootCommand(
            """
            StreamHouse: durable event streams over object storage, in one process.

            Settings are taken from the JSON file, then from environment variables (STREAMHOUSE_...), then from the command line; the last one wins.
            The addresses in use are written to endpoints.json in the data folder. SIGTERM or Ctrl+C stops the server within 10 seconds; a second
            signal ends it at once. Exit codes are listed in docs/configuration.md.
            """);
        foreach ((Option<string?> option, _) in _direct)
        {
            _root.Options.Add(option);
        }
        _root.Options.Add(_config);
        _root.Options.Add(_set);
        _root.Options.Add(_settings);
        _root.SetAction(_ => { });
    }

    /// <summary>Reads the command line and the other sources.</summary>
    /// <param name="args">The process's arguments.</param>
    /// <param name="environment">The process's environment.</param>
    /// <param name="output">Where help and the list of settings go.</param>
    /// <param name="error">Where failures go.</param>
    /// <param name="exitCode">What to exit with when there is nothing to run.</param>
    /// <returns>The settings to run with, or null when help was shown or something is wrong.</returns>
    public ServerSettings? Read(IReadOnlyList<string> args, IDictionary environment, TextWriter output, TextWriter error, out int exitCode)
    {
        ParseResult parsed = _root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError failure in parsed.Errors)
            {
                error.WriteLine(failure.Message);
            }
            error.WriteLine("streamhouse --help lists what is accepted.");
            exitCode = ExitCode.InvalidConfiguration;
            return null;
        }
        if (parsed.Action != _root.Action)
        {
            exitCode = parsed.Invoke(new InvocationConfiguration { Output = output, Error = error });
            return null;
        }
        if (parsed.GetValue(_settings))
        {
            PrintSettings(output);
            exitCode = ExitCode.Success;
            return null;
        }
        try
        {
            exitCode = ExitCode.Success;
            return ServerSettings.Bind(Gather(parsed, environment));
        }
        catch (InvalidSettingsException e)
        {
            error.WriteLine(e.Message);
            exitCode = ExitCode.InvalidConfiguration;
            return null;
        }
    }

    private SettingValues Gather(ParseResult parsed, IDictionary environment)
    {
        SettingValues values = new();
        string? file = parsed.GetValue(_config) ?? FindDefaultFile();
        if (file is not null)
        {
            values.AddFile(file);
        }
        values.AddEnvironment(environment);
        foreach (string assignment in parsed.GetValue(_set) ?? [])
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                values.Failures.Add($"{assignment}: --set takes key=value.");
                continue;
            }
            values.Add(assignment[..equals], new SettingValue(assignment[(equals + 1)..], "--set"));
        }
        foreach ((Option<string?> option, string key) in _direct)
        {
            if (parsed.GetValue(option) is { } text)
            {
                values.Add(key, new SettingValue(text, option.Name));
            }
        }
        return values;
    }

    private static string? FindDefaultFile()
    {
        const string Name = "appsettings.json";
        string beside = Path.Combine(AppContext.BaseDirectory, Name);
        return File.Exists(Name) ? Name : File.Exists(beside) ? beside : null;
    }

    private static void PrintSettings(TextWriter output)
    {
        foreach (Setting setting in SettingCatalog.All)
        {
            output.WriteLine($"{setting.Key} = {setting.DefaultText}");
            output.WriteLine($"    {setting.RangeText}; {setting.EnvironmentVariable}");
        }
    }

    private static Option<string?> Direct(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };
}
