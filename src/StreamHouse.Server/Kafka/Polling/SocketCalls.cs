using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Server.Kafka.Polling;

/// <summary>
/// The system calls of an event loop. Those on sockets never block, whatever the socket's mode, and their handle is held meanwhile: a socket
/// closed by another thread is not replaced by another of the same number under a call.
/// </summary>
internal static unsafe partial class SocketCalls
{
    /// <summary>There is something to receive (EPOLLIN).</summary>
    public const uint Readable = 0x1;

    /// <summary>There is room to send (EPOLLOUT).</summary>
    public const uint Writable = 0x4;

    /// <summary>The client sends no more (EPOLLRDHUP).</summary>
    public const uint ReadEnded = 0x2000;

    /// <summary>The connection broke, or has ended in both directions (EPOLLERR, EPOLLHUP).</summary>
    public const uint Ended = 0x8 | 0x10;

    private const uint EdgeTriggered = 1u << 31;
    private const int ControlAdd = 1;
    private const int CloseOnExec = 0x80000;
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int EventData = EventBytes - sizeof(long);

    /// <summary>Makes an epoll instance.</summary>
    /// <exception cref="IOException">There are no descriptors left.</exception>
    public static SafeFileHandle CreatePoll() => new(Checked("epoll_create1", EpollCreate(CloseOnExec)), ownsHandle: true);

    /// <summary>Makes a descriptor that <see cref="Wake"/> makes readable.</summary>
    /// <exception cref="IOException">There are no descriptors left.</exception>
    public static SafeFileHandle CreateWaker() => new(Checked("eventfd", EventFd(0, CloseOnExec)), ownsHandle: true);

    /// <summary>Tells of every change of a descriptor from now on, in both directions, and of how it is now.</summary>
    /// <exception cref="IOException">The limit of what a user may watch is reached, or memory is short.</exception>
    /// <param name="poll">The epoll instance.</param>
    /// <param name="descriptor">What to watch.</param>
    /// <param name="name">What changes of it are told by.</param>
    public static void Watch(SafeFileHandle poll, int descriptor, long name)
    {
        byte* change = stackalloc byte[16];
        *(uint*)change = Readable | Writable | ReadEnded | EdgeTriggered;
        *(long*)(change + EventData) = name;
        _ = Checked("epoll_ctl", EpollControl(poll, ControlAdd, descriptor, change));
    }

    /// <summary>Waits for changes.</summary>
    /// <param name="poll">The epoll instance.</param>
    /// <param name="changes">Pinned, and where they go; <see cref="Change"/> reads them.</param>
    /// <param name="milliseconds">How long at most; negative: until there are some.</param>
    /// <returns>How many.</returns>
    public static int Wait(SafeFileHandle poll, byte[] changes, int milliseconds)
    {
        fixed (byte* events = changes)
        {
            int count = EpollWait(poll, events, changes.Length / EventBytes, milliseconds);
            return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked("epoll_wait", count);
        }
    }

    /// <summary>A change that <see cref="Wait"/> told of.</summary>
    public static (uint Events, long Name) Change(ReadOnlySpan<byte> changes, int index)
    {
        ReadOnlySpan<byte> change = changes[(index * EventBytes)..];
        return (MemoryMarshal.Read<uint>(change), MemoryMarshal.Read<long>(change[EventData..]));
    }

    /// <summary>Ends a wait that watches <paramref name="waker"/>.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public static void Wake(SafeFileHandle waker)
    {
        ulong one = 1;
        _ = Write(waker, &one, sizeof(ulong));
    }

    /// <summary>Receives what is there.</summary>
    /// <returns>Bytes; 0 at the client's end; negative when there is nothing.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="ObjectDisposedException">The socket was closed.</exception>
    public static int Receive(SafeSocketHandle socket, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            nint received;
            do
            {
                received = Recv(socket, bytes, (nuint)buffer.Length, DoNotWait);
            }
            while (received < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            return Transferred("recv", received);
        }
    }

    /// <summary>Sends as much as there is room for.</summary>
    /// <returns>Bytes; negative when there is no room.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="ObjectDisposedException">The socket was closed.</exception>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<Piece> pieces)
    {
        fixed (Piece* first = pieces)
        {
            Message message = new() { Pieces = first, PieceCount = (nuint)pieces.Length };
            nint sent;
            do
            {
                sent = SendMessage(socket, &message, DoNotWait | NoSignal);
            }
            while (sent < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            return Transferred("sendmsg", sent);
        }
    }

    private static int Transferred(string call, nint bytes)
    {
        if (bytes >= 0)
        {
            return (int)bytes;
        }
        return Marshal.GetLastPInvokeError() == WouldBlock ? -1 : Checked(call, -1);
    }

    private static int Checked(string call, int result)
    {
        int error = Marshal.GetLastPInvokeError();
        return result >= 0 ? result : throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(SafeFileHandle poll, int operation, int descriptor, byte* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(SafeFileHandle poll, byte* events, int eventsMax, int timeout);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, void* data, nuint bytes);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Recv(SafeSocketHandle socket, byte* buffer, nuint bytes, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, Message* message, int flags);

    /// <summary><c>struct iovec</c>. What it points to must be pinned.</summary>
    internal struct Piece
    {
        /// <summary>The first byte.</summary>
        public byte* Start;

        /// <summary>How many.</summary>
        public nuint Bytes;
    }

    // struct msghdr; fields that are not named by their name stay zero.
    private struct Message
    {
        public void* Address;
        public uint AddressBytes;
        public Piece* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlBytes;
        public int Flags;
    }
}
