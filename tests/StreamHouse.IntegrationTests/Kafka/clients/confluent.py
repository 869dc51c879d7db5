"""Drives confluent-kafka-python, which is librdkafka. Arguments: bootstrap address."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from lines import Stop, encode, event, record_of, records_of, serve

BOOTSTRAP = sys.argv[1]


def produce(command):
    offsets, errors = [], []
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP, "compression.type": command["codec"], "linger.ms": 20, "enable.idempotence": command.get("idempotent", True),
    })

    def delivered(error, message):
        errors.append(str(error)) if error else offsets.append(message.offset())

    for key, value, headers, timestamp in records_of(command):
        when = {} if timestamp is None else {"timestamp": timestamp}
        producer.produce(command["topic"], value, key, command["partition"], on_delivery=delivered, headers=headers, **when)
    left = producer.flush(30)
    if errors or left:
        raise RuntimeError(f"{left} undelivered, errors {errors}")
    return {"offsets": offsets}


def consume(command):
    wanted = dict(command["topics"])
    read = {topic: [] for topic in wanted}
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False, "auto.offset.reset": "error", "check.crcs": True,
    })
    consumer.assign([TopicPartition(topic, 0, 0) for topic in wanted])
    while any(len(read[topic]) < wanted[topic] for topic in wanted):
        message = consumer.poll(30)
        if message is None:
            raise RuntimeError(f"nothing more after {({t: len(r) for t, r in read.items()})}")
        if message.error():
            raise KafkaException(message.error())
        read[message.topic()].append(record_of(
            message.offset(), message.key(), message.value(), message.headers() or [], message.timestamp()[1]))
    consumer.close()
    return {"topics": read}


def join(command):
    cooperative = command["assignor"].startswith("cooperative")

    def places(partitions):
        return [[p.topic, p.partition] for p in partitions]

    def assigned(consumer, partitions):
        event("assigned", partitions=places(partitions))
        if cooperative:
            consumer.incremental_assign(partitions)
        else:
            consumer.assign(partitions)

    def revoked(consumer, partitions):
        # Said before the group can know: whoever gets them next says so later.
        event("revoked", partitions=places(partitions))
        if cooperative:
            consumer.incremental_unassign(partitions)
        else:
            consumer.unassign()

    def lost(consumer, partitions):
        event("lost", partitions=places(partitions))
        if cooperative:
            consumer.incremental_unassign(partitions)
        else:
            consumer.unassign()

    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": command["group"], "partition.assignment.strategy": command["assignor"],
        "session.timeout.ms": command["session"], "heartbeat.interval.ms": 500, "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "reconnect.backoff.max.ms": 500,
        **({"group.instance.id": command["instance"]} if command.get("instance") else {}),
    })
    consumer.subscribe(command["topics"], on_assign=assigned, on_revoke=revoked, on_lost=lost)
    stop = Stop()
    while not stop.isSet:
        # One by one: librdkafka drops records of a batch during which the group rebalances.
        messages = []
        message = consumer.poll(0.1)
        while message is not None:
            if not message.error():
                messages.append(message)
            message = consumer.poll(0) if len(messages) < 500 else None
        if not messages:
            continue
        event("records", records=[[m.topic(), m.partition(), m.offset(), encode(m.value())] for m in messages])
        try:
            committed = consumer.commit(asynchronous=False, offsets=_next_of(messages))
            event("committed", offsets=[[p.topic, p.partition, p.offset] for p in committed if p.error is None])
        except KafkaException as e:
            event("uncommitted", why=str(e))
    consumer.close()
    event("left")


def _next_of(messages):
    ends = {}
    for m in messages:
        ends[m.topic(), m.partition()] = m.offset() + 1
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]


def flood(command):
    """An idempotent producer that writes numbered records to all partitions until told to stop. Without a timeout it never gives one up."""
    acked = []
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "linger.ms": command["linger"], "message.timeout.ms": command["timeout"],
        "compression.type": command["codec"], "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20,
        "queue.buffering.max.messages": 2000, "topic.metadata.refresh.interval.ms": 5000,
    })

    def delivered(error, message):
        if error:
            event("refused", code=error.name(), isFatal=error.fatal(), why=str(error))
        else:
            acked.append([message.partition(), int(message.value().split(b":")[1]), message.offset()])

    stop = Stop()
    sequence = [0] * command["partitions"]
    at = 0
    while not stop.isSet:
        partition = at % command["partitions"]
        at += 1
        try:
            value = b"%d:%d:" % (command["producer"], sequence[partition]) + b"x" * (sequence[partition] % 300)
            producer.produce(command["topic"], value, partition=partition, on_delivery=delivered)
            sequence[partition] += 1
        except BufferError:
            producer.poll(0.05)
        producer.poll(0)
        if at % 50 == 0:
            time.sleep(command["pause"] / 1000)
        if len(acked) >= 200:
            event("acked", records=acked[:])
            acked.clear()
    left = producer.flush(120)
    event("acked", records=acked[:])
    event("stopped", unacknowledged=left, sent=sequence)


serve({"produce": produce, "consume": consume, "join": join, "flood": flood})
