"""Administers a server with kafka-python and prints what it sees, one JSON line for each step."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import KafkaError

server = sys.argv[1]


def tell(step, value):
    print(json.dumps([step, value]))


admin = KafkaAdminClient(bootstrap_servers=server)
created = admin.create_topics([NewTopic("admin", 2, 3, topic_configs={"retention.ms": "60000"})])
tell("create", [list(t[:2]) for t in created.topic_errors])
try:
    admin.create_topics([NewTopic("compacted", 1, 1, topic_configs={"cleanup.policy": "compact"})])
except KafkaError as e:
    tell("compact", [type(e).__name__, "only 'delete'" in str(e)])
try:
    admin.create_topics([NewTopic("no good", 1, 1)])
except KafkaError as e:
    tell("invalid", type(e).__name__)
admin.create_partitions({"admin": NewPartitions(3)})
topic = admin.describe_topics(["admin"])[0]
tell("partitions", len(topic["partitions"]))


def setting(name):
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "admin")])[0]
    return [e[1] for e in described.resources[0][4] if e[0] == name][0]


tell("setting", setting("retention.ms"))
admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "admin", {"max.message.bytes": "2048"})])
tell("altered", [setting("max.message.bytes"), setting("retention.ms")])
broker = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])[0]
tell("broker", [e[1] for e in broker.resources[0][4] if e[0] == "delete.topic.enable"])
tell("cluster", [b["node_id"] for b in admin.describe_cluster()["brokers"]])

producer = KafkaProducer(bootstrap_servers=server)
for i in range(10):
    producer.send("admin", str(i).encode(), partition=i % 3, timestamp_ms=1000 + i).get(20)
consumer = KafkaConsumer("admin", group_id="group", bootstrap_servers=server, auto_offset_reset="earliest", consumer_timeout_ms=20000)
values = sorted(int(next(consumer).value) for _ in range(10))
tell("consumed", values)
one = TopicPartition("admin", 1)
tell("by time", consumer.offsets_for_times({one: 1003})[one].offset)
tell("ends", [consumer.beginning_offsets([one])[one], consumer.end_offsets([one])[one]])
consumer.commit()
group = admin.describe_consumer_groups(["group"])[0]
tell("group", [group.state, group.protocol_type, len(group.members)])
consumer.close()
tell("groups", admin.list_consumer_groups())
offsets = admin.list_consumer_group_offsets("group")
tell("offsets", sorted([t.partition, o.offset] for t, o in offsets.items()))
tell("deleted groups", [[g, e.__name__] for g, e in admin.delete_consumer_groups(["group", "nope"])])
admin.delete_topics(["admin"])
tell("topics", admin.list_topics())
