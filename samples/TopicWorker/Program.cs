// A service that follows a topic and commits what it has done, so that a restart goes on where it left off.
//   dotnet run --project samples/TopicWorker -- --StreamHouse:Address=http://127.0.0.1:50051 --Topic=quick-start

using StreamHouse.Client.Consumers;
using StreamHouse.Client.DependencyInjection;
using StreamHouse.Samples.TopicWorker;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddStreamHouse(options =>
{
    options.Addresses = [builder.Configuration["StreamHouse:Address"] ?? "http://127.0.0.1:50051"];
    options.Consumer = new ConsumerOptions { Group = "topic-worker" };
});
builder.Services.AddHostedService<Worker>();
await builder.Build().RunAsync();
