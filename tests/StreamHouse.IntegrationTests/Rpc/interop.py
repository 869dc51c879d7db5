"""Calls the interop service with Python's gRPC. Usage: interop.py PORT GENERATED_DIR. Prints one line per check that held."""
import sys

sys.path.insert(0, sys.argv[2])
import grpc

grpc.__path__.append(sys.argv[2] + "/grpc")  # the generated package grpc.health joins the library's
from grpc.health.v1 import health_pb2
from streamhouse.v1 import admin_pb2, common_pb2, consumer_pb2, producer_pb2

channel = grpc.insecure_channel(
    f"127.0.0.1:{sys.argv[1]}",
    options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
)


def method(kind, path, request, response):
    return getattr(channel, kind)(path, request_serializer=request.SerializeToString, response_deserializer=response.FromString)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def check(name, condition):
    if not condition:
        raise AssertionError(name)
    print("held:", name, flush=True)


produce = method("unary_unary", "/streamhouse.v1.ProducerService/Produce", producer_pb2.ProduceRequest, producer_pb2.ProduceResponse)
record = common_pb2.Record(key=b"", timestamp_ms=5, headers=[common_pb2.Header(key="h", value=b"1"), common_pb2.Header(key="n")])
answer = produce(producer_pb2.ProduceRequest(topic="städte", partition=3, records=common_pb2.RecordList(records=[record, record])))
check("unary with records", (answer.base_offset, answer.record_count, answer.timestamp_ms) == (3, 2, -1))
answer = produce(producer_pb2.ProduceRequest(topic="t", batch=bytes(300_000)))
check("unary with a large batch", answer.record_count == 300_000 and answer.durability == common_pb2.DURABILITY_REACHED_LOCAL_FSYNC)

error = failure(lambda: produce(producer_pb2.ProduceRequest(topic="missing", partition=7)))
detail = common_pb2.ErrorDetail.FromString(dict(error.trailing_metadata())["streamhouse-error-bin"])
check("status and message of a failure", error.code() == grpc.StatusCode.NOT_FOUND and error.details() == "No topic 'missing' – 100 %")
check("typed detail of a failure", detail.code == common_pb2.ERROR_CODE_UNKNOWN_TOPIC and detail.partition == 7)

error = failure(lambda: produce(producer_pb2.ProduceRequest(topic="t", batch=bytes(2_000_000))))
check("a message above the limit", error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED)
error = failure(lambda: channel.unary_unary("/streamhouse.v1.ProducerService/Produce")(b"\x0a\x7f\x41"))
check("bytes that are no message", error.code() == grpc.StatusCode.INVALID_ARGUMENT)
error = failure(lambda: channel.unary_unary("/streamhouse.v1.ProducerService/Nothing")(b""))
check("an unknown method", error.code() == grpc.StatusCode.UNIMPLEMENTED)
compressed = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", compression=grpc.Compression.Gzip)
error = failure(lambda: compressed.unary_unary("/streamhouse.v1.ProducerService/Produce")(bytes(10_000)))
check("a compressed request", error.code() == grpc.StatusCode.UNIMPLEMENTED)

status = method("unary_unary", "/streamhouse.v1.AdminService/GetStatus", admin_pb2.GetStatusRequest, admin_pb2.GetStatusResponse)
error = failure(lambda: status(admin_pb2.GetStatusRequest(), timeout=0.3))
check("a deadline", error.code() == grpc.StatusCode.DEADLINE_EXCEEDED)

stream = method(
    "stream_stream", "/streamhouse.v1.ProducerService/ProduceStream", producer_pb2.ProduceStreamRequest, producer_pb2.ProduceStreamResponse)
sizes = [(i * 7919) % 120_000 for i in range(200)]
answers = list(stream(
    producer_pb2.ProduceStreamRequest(
        correlation=i, request=producer_pb2.ProduceRequest(topic="missing" if i % 10 == 9 else "t", batch=bytes(size)))
    for i, size in enumerate(sizes)))
check("a duplex stream in order", [a.correlation for a in answers] == list(range(200)))
check("errors inside a stream", all((a.WhichOneof("outcome") == "error") == (i % 10 == 9) for i, a in enumerate(answers)))
check("answers inside a stream", all(a.response.record_count == sizes[i] for i, a in enumerate(answers) if i % 10 != 9))

fetch = method("unary_unary", "/streamhouse.v1.ConsumerService/Fetch", consumer_pb2.FetchRequest, consumer_pb2.FetchResponse)
answer = fetch(consumer_pb2.FetchRequest(topic="t", max_bytes=1_000_000))
check("a large fetch", answer.high_watermark == 11 and answer.leader_epoch == 4 and answer.batches == bytes(i % 251 for i in range(1_000_000)))

subscribe = method("unary_stream", "/streamhouse.v1.ConsumerService/Subscribe", consumer_pb2.SubscribeRequest, consumer_pb2.SubscribeResponse)
messages = list(subscribe(consumer_pb2.SubscribeRequest(topic="t", max_bytes=100_000)))
check("a server stream", [m.next_offset for m in messages if not m.heartbeat] == list(range(50)) and messages[-1].heartbeat)
call = subscribe(consumer_pb2.SubscribeRequest(topic="endless", max_bytes=100_000))
next(call)
call.cancel()
check("a cancelled server stream", failure(lambda: list(call)).code() == grpc.StatusCode.CANCELLED)

health = method("unary_unary", "/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse)
check("health", health(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING)
