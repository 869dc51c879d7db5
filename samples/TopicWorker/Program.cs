// A service that works on a topic as a member of a group: start it several times and the processes share the partitions; stop or kill one and the others
// take over where it left off.
//   dotnet run --project samples/TopicWorker -- --StreamHouse:Address=http://127.0.0.1:50051 --Topic=quick-start

using StreamHouse.Client.Consumers;
using StreamHouse.Client.DependencyInjection;
using StreamHouse.Client.Groups;
using StreamHouse.Samples.TopicWorker;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddStreamHouse(options =>
{
    options.Addresses = [builder.Configuration["StreamHouse:Address"] ?? "http://127.0.0.1:50051"];

    // Committed by hand, after the work.
    options.Consumer = new ConsumerOptions { Group = "topic-worker", Membership = new GroupMemberOptions { AutoCommit = false } };
});
builder.Services.AddHostedService<Worker>();
await builder.Build().RunAsync();
