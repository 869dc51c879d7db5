using System.Net.Sockets;
using StreamHouse.Broker.Buffers;
using StreamHouse.Kafka;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>
/// One connection: a loop that reads requests and begins them as they come. A <see cref="ReplyWriter"/> sends the answers. While nothing happens
/// it holds no buffers.
/// </summary>
internal sealed class KafkaConnection
{
    private readonly Transport _transport;
    private readonly KafkaServices _services;
    private readonly FrameAssembler _frames;
    private readonly ReplyQueue _replies;
    private readonly ReplyWriter _writer;
    private long _lastActive;
    private long _receivingSince;
    private volatile bool _closed;
    private volatile bool _ending;

    public KafkaConnection(Transport transport, KafkaClient client, KafkaServices services)
    {
        _transport = transport;
        Client = client;
        _services = services;
        _frames = new FrameAssembler(services.Buffers, services.Options.RequestBytesMax);
        _replies = new ReplyQueue(services.Options.ConnectionRequestsMax, services.Options.ConnectionBytesMax);
        _writer = new ReplyWriter(this, transport, _replies, services);
        _lastActive = services.Clock.GetTimestamp();
    }

    /// <summary>Who is at the other end.</summary>
    public KafkaClient Client { get; }

    /// <summary>Serves the connection to its end, and closes it. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadAsync();
        }
        catch (Exception e) when (e is FrameException or KafkaFormatException)
        {
            _services.Metrics.Rejected();
            _services.Log.Rejected(Client.Remote, e.Message);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            Abort();
        }
        catch (Exception e)
        {
            _services.Log.Failed(e, Client.Remote);
            Abort();
        }
        await FinishAsync();
    }

    /// <summary>Whether it is closed: there is nobody to answer any more.</summary>
    public bool IsClosed => _closed;

    /// <summary>Something has gone to or come from the client.</summary>
    public void NoteActivity() => Volatile.Write(ref _lastActive, _services.Clock.GetTimestamp());

    /// <summary>Begins no request after the one that is being begun.</summary>
    public void ReadNoMore() => _ending = true;

    /// <summary>Reads no more, answers what has begun, then closes.</summary>
    public void End()
    {
        _ending = true;
        Client.End();
        _transport.StopReceiving();
    }

    /// <summary>Closes at once.</summary>
    public void Abort()
    {
        if (!_closed)
        {
            _closed = true;
            _transport.Dispose();
            Client.Close();
        }
    }

    /// <summary>Answers what has waited as long as the client wants, and tells why the connection has to be closed now, or null. Called by one caller now and then.</summary>
    public ConnectionTimeout? CheckTimeouts(long now)
    {
        _replies.ExpireOverdue(now);
        KafkaOptions options = _services.Options;
        long receiving = Volatile.Read(ref _receivingSince);
        long sending = _writer.SendingSince;
        if (receiving != 0)
        {
            TimeSpan age = _services.Clock.GetElapsedTime(receiving, now);
            bool isSlow = _frames.Buffered < age.TotalSeconds * 64 * 1024;
            if (age > options.TransferTimeout || (isSlow && age > options.TransferTimeout / 10 && _services.Memory.IsContested))
            {
                return new ConnectionTimeout("a request did not arrive in time", IsIdle: false);
            }
        }
        if (sending != 0 && _services.Clock.GetElapsedTime(sending, now) > options.TransferTimeout)
        {
            return new ConnectionTimeout("an answer was not taken in time", IsIdle: false);
        }
        return receiving == 0 && _replies.Count == 0 && _services.Clock.GetElapsedTime(Volatile.Read(ref _lastActive), now) > options.IdleTimeout
            ? new ConnectionTimeout("it was idle", IsIdle: true)
            : null;
    }

    private async Task ReadAsync()
    {
        bool reserved = false;
        try
        {
            while (!_ending)
            {
                if (_frames.Buffered >= FrameAssembler.PrefixBytes)
                {
                    if (!reserved && _frames.IsUnderWay)
                    {
                        await ReserveAsync();
                        reserved = true;
                    }
                    if (_frames.TryTake(out BufferSlice frame))
                    {
                        reserved = false;
                        await BeginAsync(frame);
                        continue;
                    }
                }
                // All that has arrived has begun: now what is ready may leave, in one piece.
                _writer.Pump();
                if (!await ReceiveAsync())
                {
                    return;
                }
            }
        }
        finally
        {
            if (reserved)
            {
                _services.Memory.Release(_frames.FrameBytes());
            }
        }
    }

    private async ValueTask<bool> ReceiveAsync()
    {
        bool isRest = _frames.HasBytes;
        if (!isRest)
        {
            Volatile.Write(ref _receivingSince, 0);
            await _transport.ReceiveAsync(Memory<byte>.Empty, isRest);
        }
        else
        {
            if (_receivingSince == 0)
            {
                Volatile.Write(ref _receivingSince, _services.Clock.GetTimestamp());
            }
            await EventLoop.LeaveAsync();
        }
        int received = await _transport.ReceiveAsync(_frames.Space(), isRest);
        if (received < 0)
        {
            _frames.Drop();
            return true;
        }
        _frames.Received(received);
        _services.Metrics.Received(received);
        return received > 0 || (_frames.Buffered > 0 && !_ending
            ? throw new FrameException($"the connection ended {_frames.Buffered} bytes into a request") : false);
    }

    private ValueTask ReserveAsync()
    {
        ValueTask reserved = _services.Memory.ReserveAsync(_frames.FrameBytes());
        return reserved.IsCompleted ? reserved : WaitAsync(reserved.AsTask());
    }

    // While the client waits for us it is not slow.
    private async ValueTask WaitAsync(Task task)
    {
        _writer.Pump();
        Volatile.Write(ref _receivingSince, 0);
        await task;
        Volatile.Write(ref _receivingSince, _frames.HasBytes ? _services.Clock.GetTimestamp() : 0);
    }

    private ValueTask BeginAsync(BufferSlice frame)
    {
        Volatile.Write(ref _receivingSince, 0);
        NoteActivity();
        return _replies.HasRoom && TryBegin(frame, mustBeShort: EventLoop.IsCurrent) ? ValueTask.CompletedTask : BeginElsewhereAsync(frame);
    }

    private async ValueTask BeginElsewhereAsync(BufferSlice frame)
    {
        await EventLoop.LeaveAsync();
        if (!_replies.HasRoom)
        {
            await WaitAsync(_replies.WaitForRoomAsync());
        }
        TryBegin(frame, mustBeShort: false);
    }

    private bool TryBegin(BufferSlice frame, bool mustBeShort)
    {
        PendingReply? reply = null;
        bool failed = true;
        try
        {
            reply = _services.Handlers.Begin(frame, Client, _services.Clock.GetTimestamp(), mustBeShort);
            failed = false;
        }
        finally
        {
            if (failed)
            {
                _services.Memory.Release(frame.Length);
            }
            if (failed || reply is not null)
            {
                frame.Owner.Release();
            }
        }
        if (reply is null)
        {
            return false;
        }
        _replies.Add(reply);
        if (!reply.IsCompleted)
        {
            reply.OnCompleted(_writer.Pumping);
        }
        return true;
    }

    private async Task FinishAsync()
    {
        Volatile.Write(ref _receivingSince, 0);
        _frames.Drop();
        Client.End();
        _writer.Pump();
        await _replies.WaitUntilDrainedAsync();
        try
        {
            if (!_closed)
            {
                await _transport.FinishAsync();
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The client was faster.
        }
        Abort();
    }
}

/// <summary>Why a connection has to be closed.</summary>
/// <param name="Reason">For a person.</param>
/// <param name="IsIdle">Whether nothing happened on it; else its client was too slow.</param>
internal readonly record struct ConnectionTimeout(string Reason, bool IsIdle);
