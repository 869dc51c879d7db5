using System.Runtime.InteropServices;
using StreamHouse.Cli.Shell;

using CancellationTokenSource interrupted = new();

// The first signal ends the work cleanly, the second the process at once.
void Interrupt(PosixSignalContext signal)
{
    if (!interrupted.IsCancellationRequested)
    {
        signal.Cancel = true;
        interrupted.Cancel();
    }
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
return await Streamctl.RunAsync(args, Terminal.OfProcess(), interrupted.Token);
