"""The line protocol of the drivers: a JSON command on each line of standard input, JSON answers and events on standard output.

    produce  {"op": "produce", "topic", "partition", "codec", "records": [{"k", "v", "h": [[name, value]], "t"}]}  ->  {"offsets": [...]}
    consume  {"op": "consume", "topics": {topic: records in partition 0}}  ->  {"topics": {topic: [{"o", "k", "v", "h", "t"}]}}
    join     {"op": "join", "group", "topics", "assignor", "session"}  ->  events until "leave":
             {"event": "assigned" | "revoked", "partitions": [[topic, partition]], "at": nanoseconds of the machine's monotonic clock}
             {"event": "records", "records": [[topic, partition, offset, value]]}, and {"event": "committed", "offsets": [[topic, partition, next]]}
    flood    {"op": "flood", "topic", "partitions", "producer", "codec", "linger", "timeout", "pause"}  ->  events until a line comes:
             {"event": "acked", "records": [[partition, sequence, offset]]}, {"event": "refused", "code", "isFatal", "why"}, at last "stopped"

Keys, values and header values are base64, or null. A failure is {"error": text}.
"""
import base64
import json
import os
import sys
import threading
import time

_lock = threading.Lock()


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def say(answer):
    with _lock:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def event(name, **fields):
    say({"event": name, "at": time.monotonic_ns(), **fields})


def records_of(command):
    for record in command["records"]:
        yield decode(record["k"]), decode(record["v"]), [(name, decode(value)) for name, value in record["h"]], record["t"]


def record_of(offset, key, value, headers, timestamp):
    return {"o": offset, "k": encode(key), "v": encode(value), "h": [[name, encode(v)] for name, v in headers], "t": timestamp}


class Stop:
    """Set by the next line of standard input, or its end."""

    def __init__(self):
        self.isSet = False
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self):
        sys.stdin.readline()
        self.isSet = True


def serve(operations):
    """Serves commands until the input ends. `operations` maps each to a function of the command; what it returns is the answer, if not None."""
    while True:
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        command = json.loads(line)
        try:
            answer = operations[command["op"]](command)
            if answer is not None:
                say(answer)
        except Exception as e:  # The test shows it.
            say({"error": f"{type(e).__name__}: {e}"})
