"""Writes messages with kafka-python's own protocol classes (Debian's python3-kafka): the facts in kafka-python.txt.

Each line: our API's name, version, request or response, the bytes in hexadecimal, then the values in the order of the wire as JSON.
Run: python3 golden.py > kafka-python.txt
"""
import importlib
import inspect
import json
import pkgutil
import random
import sys

import kafka.protocol as protocol
from kafka.protocol import types
from kafka.protocol.api import Request, Response

NAMES = {0: 'Produce', 1: 'Fetch', 2: 'ListOffsets', 3: 'Metadata', 8: 'OffsetCommit', 9: 'OffsetFetch', 10: 'FindCoordinator', 11: 'JoinGroup',
         12: 'Heartbeat', 13: 'LeaveGroup', 14: 'SyncGroup', 15: 'DescribeGroups', 16: 'ListGroups', 18: 'ApiVersions', 19: 'CreateTopics',
         20: 'DeleteTopics', 32: 'DescribeConfigs', 33: 'AlterConfigs', 37: 'CreatePartitions', 42: 'DeleteGroups'}
LOWEST = {1: 4, 2: 1, 8: 1, 9: 1, 19: 2, 20: 1, 32: 1}
# Where kafka-python 2.0.2 is wrong: the leader epoch has four bytes, there is a throttle time, and fields of the version are missing.
WRONG = {'OffsetRequest_v4', 'OffsetRequest_v5', 'GroupCoordinatorResponse_v1', 'DescribeGroupsResponse_v3', 'ProduceResponse_v8',
         'DescribeConfigsResponse_v1'}
rng = random.Random(1)


def value(kind):
    """A random value and its leaves in the order of the wire."""
    if isinstance(kind, types.Array):
        items = [value(kind.array_of) for _ in range(rng.choice([1, 2, 3]))]
        return [v for v, _ in items], [leaf for _, leaves in items for leaf in leaves]
    if isinstance(kind, types.Schema):
        items = [value(f) for f in kind.fields]
        return tuple(v for v, _ in items), [leaf for _, leaves in items for leaf in leaves]
    name = kind.__name__ if inspect.isclass(kind) else type(kind).__name__
    if name == 'String':
        text = rng.choice(['', 'orders', 'größe', 'a' * 40])
        return text, [text]
    if name == 'Bytes':
        data = bytes(rng.randrange(256) for _ in range(rng.randrange(20)))
        return data, [data.hex()]
    if name == 'Boolean':
        flag = rng.random() < 0.5
        return flag, [flag]
    bits = {'Int8': 8, 'Int16': 16, 'Int32': 32, 'Int64': 64}[name]
    # Error codes are among the 16-bit numbers.
    number = rng.randrange(100) if bits == 16 else rng.randrange(-2 ** (bits - 1), 2 ** (bits - 1))
    return number, [number]


def main():
    lines = []
    for module in pkgutil.iter_modules(protocol.__path__):
        loaded = importlib.import_module('kafka.protocol.' + module.name)
        for name, cls in vars(loaded).items():
            if not inspect.isclass(cls) or cls.__module__ != loaded.__name__ or not issubclass(cls, (Request, Response)):
                continue
            if cls.API_KEY not in NAMES or cls.API_VERSION < LOWEST.get(cls.API_KEY, 0):
                continue
            if name in WRONG:
                continue
            values, leaves = value(cls.SCHEMA)
            try:
                encoded = cls.SCHEMA.encode(values)
            except TypeError as error:  # kafka-python 2.0.2 cannot write forgotten topics
                print(f'{name}: {error}', file=sys.stderr)
                continue
            direction = 'request' if issubclass(cls, Request) else 'response'
            lines.append((cls.API_KEY, cls.API_VERSION, direction,
                          f'{NAMES[cls.API_KEY]} {cls.API_VERSION} {direction} {encoded.hex()} {json.dumps(leaves)}'))
    for line in sorted(lines):
        print(line[-1])


main()
