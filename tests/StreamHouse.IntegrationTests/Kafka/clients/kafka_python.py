"""Drives kafka-python. Arguments: bootstrap address."""
import logging
import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from lines import Stop, encode, event, record_of, records_of, serve

BOOTSTRAP = sys.argv[1]
ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}

logging.basicConfig(level=logging.ERROR)


def produce(command):
    codec = command["codec"]
    producer = KafkaProducer(
        bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=20, retries=3, max_in_flight_requests_per_connection=1,
        compression_type=None if codec == "none" else codec)
    sent = [
        producer.send(command["topic"], value, key, headers, command["partition"], timestamp)
        for key, value, headers, timestamp in records_of(command)
    ]
    producer.flush(30)
    offsets = [future.get(30).offset for future in sent]
    producer.close()
    return {"offsets": offsets}


def consume(command):
    wanted = dict(command["topics"])
    read = {topic: [] for topic in wanted}
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, auto_offset_reset="none", consumer_timeout_ms=30000, check_crcs=True)
    partitions = [TopicPartition(topic, 0) for topic in wanted]
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, 0)
    for message in consumer:
        read[message.topic].append(record_of(message.offset, message.key, message.value, message.headers, message.timestamp))
        if all(len(read[topic]) >= wanted[topic] for topic in wanted):
            consumer.close()
            return {"topics": read}
    raise RuntimeError(f"nothing more after {({t: len(r) for t, r in read.items()})}")


class Listener(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned):
        event("assigned", partitions=[[p.topic, p.partition] for p in assigned])

    def on_partitions_revoked(self, revoked):
        event("revoked", partitions=[[p.topic, p.partition] for p in revoked])


def join(command):
    consumer = KafkaConsumer(
        bootstrap_servers=BOOTSTRAP, group_id=command["group"], partition_assignment_strategy=[ASSIGNORS[command["assignor"]]],
        session_timeout_ms=command["session"], heartbeat_interval_ms=500, enable_auto_commit=False, auto_offset_reset="earliest",
        reconnect_backoff_max_ms=500)
    consumer.subscribe(command["topics"], listener=Listener())
    stop = Stop()
    while not stop.isSet:
        polled = consumer.poll(100, max_records=500)
        messages = [m for batch in polled.values() for m in batch]
        if not messages:
            continue
        event("records", records=[[m.topic, m.partition, m.offset, encode(m.value)] for m in messages])
        ends = {partition: OffsetAndMetadata(batch[-1].offset + 1, "") for partition, batch in polled.items()}
        try:
            consumer.commit(ends)
            event("committed", offsets=[[p.topic, p.partition, o.offset] for p, o in ends.items()])
        except KafkaError as e:
            event("uncommitted", why=str(e))
    consumer.close(autocommit=False)
    event("left")


serve({"produce": produce, "consume": consume, "join": join})
