using System.Net.Sockets;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>
/// Sends the answers of a connection in the order of its requests: whoever completes the oldest sends all that are ready, and nobody else
/// meanwhile.
/// </summary>
internal sealed class ReplyWriter
{
    private const int BytesPerSend = 256 * 1024;

    private readonly KafkaConnection _connection;
    private readonly Transport _transport;
    private readonly ReplyQueue _replies;
    private readonly KafkaServices _services;
    private readonly ReplyBuffer _output;
    private readonly List<PendingReply> _sending = [];
    private long _sendingSince;

    // A reply that closes the connection was taken: what is being sent is the last of it.
    private bool _isLastSend;

    public ReplyWriter(KafkaConnection connection, Transport transport, ReplyQueue replies, KafkaServices services)
    {
        _connection = connection;
        _transport = transport;
        _replies = replies;
        _services = services;
        _output = new ReplyBuffer(NoteSent);
        Pumping = Pump;
    }

    /// <summary><see cref="Pump"/>, made once.</summary>
    public Action Pumping { get; }

    /// <summary>Since when the client has taken nothing of what is being sent, by the clock's timestamp; 0 while nothing is.</summary>
    public long SendingSince => Volatile.Read(ref _sendingSince);

    /// <summary>Sends what is ready, unless somebody does already.</summary>
    public void Pump()
    {
        if (_replies.TryBeginWriting())
        {
            _ = WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        while (true)
        {
            if (!TryCollect())
            {
                return;
            }
            try
            {
                if (!_connection.IsClosed && _output.Bytes > 0)
                {
                    _output.Seal();
                    Volatile.Write(ref _sendingSince, _services.Clock.GetTimestamp());
                    await _transport.SendAsync(_output).ConfigureAwait(false);
                    _services.Metrics.Sent(_output.Bytes);
                }
                if (_isLastSend && !_connection.IsClosed)
                {
                    await _transport.FinishAsync().ConfigureAwait(false);
                    _connection.Abort();
                }
            }
            catch (Exception e)
            {
                if (e is not (SocketException or IOException or ObjectDisposedException))
                {
                    _services.Log.Failed(e, _connection.Client.Remote);
                }
                _connection.Abort();
            }
            Volatile.Write(ref _sendingSince, 0);
            _connection.NoteActivity();
            _output.Clear();
            ReleaseSent();
        }
    }

    // Takes what is ready, as much as one send should carry. Nothing ends the writing. Behind a reply that closes the connection nothing is
    // taken until the answers before it have left.
    private bool TryCollect()
    {
        while (_output.Bytes < BytesPerSend && (!_isLastSend || _connection.IsClosed)
            && _replies.TryTake(last: _sending.Count == 0, out PendingReply reply))
        {
            _sending.Add(reply);
            if (!_connection.IsClosed)
            {
                Write(reply);
            }
        }
        return _sending.Count > 0;
    }

    private void Write(PendingReply reply)
    {
        try
        {
            if (reply.Write(_output) == ReplyKind.Close)
            {
                _isLastSend = true;
                _connection.ReadNoMore();
            }
        }
        catch (Exception e)
        {
            // There may be half an answer behind those that are whole.
            _services.Log.Failed(e, _connection.Client.Remote);
            _connection.Abort();
        }
    }

    private void ReleaseSent()
    {
        foreach (PendingReply reply in _sending)
        {
            reply.Release();
            Settle(reply);
            _replies.Answered(reply);
        }
        _sending.Clear();
    }

    private void Settle(PendingReply reply)
    {
        Task settled = reply.Settled;
        if (settled.IsCompleted)
        {
            _services.Memory.Release(reply.RequestBytes);
            return;
        }
        int bytes = reply.RequestBytes;
        settled.GetAwaiter().UnsafeOnCompleted(() => _services.Memory.Release(bytes));
    }

    private void NoteSent() => Volatile.Write(ref _sendingSince, _services.Clock.GetTimestamp());
}
