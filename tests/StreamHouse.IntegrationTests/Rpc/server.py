"""Calls a real server with Python's gRPC. Usage: server.py PORT GENERATED_DIR BATCH_FILE. Prints one line per check that held.

BATCH_FILE holds one encoded batch of three records.
"""
import sys
import threading

sys.path.insert(0, sys.argv[2])
import grpc

grpc.__path__.append(sys.argv[2] + "/grpc")  # the generated package grpc.health joins the library's
from grpc.health.v1 import health_pb2
from streamhouse.v1 import admin_pb2, common_pb2, consumer_pb2, producer_pb2

channel = grpc.insecure_channel(
    f"127.0.0.1:{sys.argv[1]}", options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
batch = open(sys.argv[3], "rb").read()
Status = grpc.StatusCode


def method(kind, service, name, package, response=None):
    request, answer = getattr(package, name + "Request"), getattr(package, response or name + "Response")
    path = f"/streamhouse.v1.{service}/{name}"
    return getattr(channel, kind)(path, request_serializer=request.SerializeToString, response_deserializer=answer.FromString)


def admin(name):
    return method("unary_unary", "AdminService", name, admin_pb2)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        detail = dict(error.trailing_metadata() or ()).get("streamhouse-error-bin")
        return error.code(), common_pb2.ErrorDetail.FromString(detail).code if detail else None
    raise AssertionError("the call succeeded")


def check(name, got, expected):
    if got != expected:
        raise AssertionError(f"{name}: {got} instead of {expected}")
    print("held:", name, flush=True)


create = admin("CreateTopic")
topic = create(admin_pb2.CreateTopicRequest(name="py", partitions=2, configs={"retention.ms": "600000"})).topic
check("a topic is created", (topic.name, topic.partitions, topic.durability), ("py", 2, common_pb2.TOPIC_DURABILITY_LOCAL))
check("a topic that exists", failure(lambda: create(admin_pb2.CreateTopicRequest(name="py"))),
      (Status.ALREADY_EXISTS, common_pb2.ERROR_CODE_TOPIC_ALREADY_EXISTS))
check("a bad name", failure(lambda: create(admin_pb2.CreateTopicRequest(name="a b"))),
      (Status.INVALID_ARGUMENT, common_pb2.ERROR_CODE_INVALID_TOPIC))

init = method("unary_unary", "ProducerService", "InitProducer", producer_pb2)
producer = init(producer_pb2.InitProducerRequest())
produce = method("unary_unary", "ProducerService", "Produce", producer_pb2)
records = common_pb2.RecordList(records=[
    common_pb2.Record(key=b"k", value=b"v", timestamp_ms=5000, headers=[common_pb2.Header(key="h", value=b"1")]), common_pb2.Record(value=b"")])
loose = producer_pb2.ProduceRequest(
    topic="py", records=records, producer_id=producer.producer_id, producer_epoch=producer.producer_epoch, base_sequence=0)
answer = produce(loose)
check("loose records", (answer.base_offset, answer.record_count, answer.durability), (0, 2, common_pb2.DURABILITY_REACHED_LOCAL_FSYNC))
check("a retry", produce(loose).base_offset, 0)
loose.base_sequence = 9
check("a gap in the sequence", failure(lambda: produce(loose)), (Status.FAILED_PRECONDITION, common_pb2.ERROR_CODE_OUT_OF_ORDER_SEQUENCE))
answer = produce(producer_pb2.ProduceRequest(topic_id=topic.id, batch=batch))
check("an encoded batch by topic id", (answer.base_offset, answer.record_count), (2, 3))

damaged = batch[:-1] + bytes([batch[-1] ^ 1])
check("a damaged batch", failure(lambda: produce(producer_pb2.ProduceRequest(topic="py", batch=damaged))),
      (Status.INVALID_ARGUMENT, common_pb2.ERROR_CODE_CORRUPT_BATCH))
check("an unknown topic", failure(lambda: produce(producer_pb2.ProduceRequest(topic="none", batch=batch))),
      (Status.NOT_FOUND, common_pb2.ERROR_CODE_UNKNOWN_TOPIC))
check("an unknown partition", failure(lambda: produce(producer_pb2.ProduceRequest(topic="py", partition=7, batch=batch))),
      (Status.NOT_FOUND, common_pb2.ERROR_CODE_UNKNOWN_PARTITION))
check("a message above the limit", failure(lambda: produce(producer_pb2.ProduceRequest(topic="py", batch=bytes(80 << 20))))[0],
      Status.RESOURCE_EXHAUSTED)

stream = method("stream_stream", "ProducerService", "ProduceStream", producer_pb2)
answers = list(stream(
    producer_pb2.ProduceStreamRequest(correlation=i + 1, request=producer_pb2.ProduceRequest(
        topic="none" if i % 10 == 9 else "py", partition=1, batch=batch)) for i in range(100)))
check("a stream is answered in order", [a.correlation for a in answers], list(range(1, 101)))
check("errors inside a stream", [i for i, a in enumerate(answers) if a.error.code == common_pb2.ERROR_CODE_UNKNOWN_TOPIC], list(range(9, 100, 10)))
check("offsets inside a stream", [a.response.base_offset for i, a in enumerate(answers) if i % 10 != 9], list(range(0, 270, 3)))

fetch = method("unary_unary", "ConsumerService", "Fetch", consumer_pb2)
answer = fetch(consumer_pb2.FetchRequest(topic="py", offset=2))
check("a fetch gives marks", (answer.high_watermark, answer.log_start_offset, answer.log_end_offset), (5, 0, 5))
check("a batch comes back as it was, but for what the leader stamps", answer.batches[16:], batch[16:])
check("an offset out of range", failure(lambda: fetch(consumer_pb2.FetchRequest(topic="py", offset=99))),
      (Status.OUT_OF_RANGE, common_pb2.ERROR_CODE_OFFSET_OUT_OF_RANGE))
check("a deadline", failure(lambda: fetch.__call__(
    consumer_pb2.FetchRequest(topic="py", offset=5, min_bytes=1, max_wait_ms=20_000), timeout=0.3))[0], Status.DEADLINE_EXCEEDED)

subscribe = method("unary_stream", "ConsumerService", "Subscribe", consumer_pb2)
call = subscribe(consumer_pb2.SubscribeRequest(
    topic="py", partitions=[consumer_pb2.PartitionStart(partition=0, start=consumer_pb2.StartPosition(offset=2))]))
check("a subscription begins where told", next(m for m in call if not m.heartbeat).next_offset, 5)
threading.Timer(0.2, lambda: produce(producer_pb2.ProduceRequest(topic="py", batch=batch))).start()
check("a subscription goes on", next(m for m in call if not m.heartbeat).next_offset, 8)
call.cancel()

offsets = admin("ListOffsets")(admin_pb2.ListOffsetsRequest(topic="py", kind=admin_pb2.ListOffsetsRequest.KIND_LATEST)).offsets
check("offsets", [o.offset for o in offsets], [8, 270])
admin("CommitGroupOffsets")(admin_pb2.CommitGroupOffsetsRequest(
    group="g", offsets=[admin_pb2.GroupOffset(topic="py", partition=1, offset=7, leader_epoch=-1)]))
stored = admin("FetchGroupOffsets")(admin_pb2.FetchGroupOffsetsRequest(group="g")).offsets
check("group offsets", [(o.topic, o.partition, o.offset) for o in stored], [("py", 1, 7)])
altered = admin("AlterTopic")(admin_pb2.AlterTopicRequest(topic="py", partitions=3)).topic
check("an altered topic", (altered.partitions, dict(altered.configs)), (3, {"retention.ms": "600000"}))
check("a status", admin("GetStatus")(admin_pb2.GetStatusRequest()).topics, 1)
admin("DeleteTopic")(admin_pb2.DeleteTopicRequest(topic="py"))
check("a deleted topic", failure(lambda: fetch(consumer_pb2.FetchRequest(topic="py"))), (Status.NOT_FOUND, common_pb2.ERROR_CODE_UNKNOWN_TOPIC))

health = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                             response_deserializer=health_pb2.HealthCheckResponse.FromString)
check("health", health(health_pb2.HealthCheckRequest()).status, health_pb2.HealthCheckResponse.SERVING)
