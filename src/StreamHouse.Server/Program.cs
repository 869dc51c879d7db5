using StreamHouse.Server.Configuration;
using StreamHouse.Server.Hosting;

ServerSettings? settings = new ServerCommand().Read(args, Environment.GetEnvironmentVariables(), Console.Out, Console.Error, out int exitCode);
if (settings is null)
{
    return exitCode;
}
using ILoggerFactory logs = Logging.Create(settings.Get<ServerOptions>());
return await ServerHost.RunToEndAsync(settings, logs);
