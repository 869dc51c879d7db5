/* What rdkafka_performance does not measure, by librdkafka itself. Prints one JSON line:
 *   client mock                                a broker in memory, the client's own; prints its address and lives until its input ends
 *   client one ADDRESS TOPIC COUNT             acks=all without linger, each record sent when the one before is acknowledged
 *   client steady ADDRESS TOPIC RATE SECONDS   RATE records a second, linger 1 ms, acks=all, and a consumer that follows
 * Latencies are in milliseconds, from the call that sends a record until its delivery report, or until the consumer has it. */
#include "rdkafka.h"
#include "rdkafka_mock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 100

typedef struct {
    double *values;
    long count, room;
} latencies_t;

static latencies_t acknowledged, received;
static long delivered, failed, ignored;
static atomic_long consumed;
static atomic_int stopping;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "client: %s: %s\n", doing, why);
    exit(1);
}

static void reserve(latencies_t *latencies, long room)
{
    latencies->values = calloc((size_t)room, sizeof *latencies->values);
    latencies->room = room;
}

static void note(latencies_t *latencies, double value)
{
    if (latencies->count < latencies->room)
        latencies->values[latencies->count++] = value;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double percentile(latencies_t *latencies, int percent)
{
    if (latencies->count == 0)
        die("measure", "nothing arrived");
    qsort(latencies->values, (size_t)latencies->count, sizeof *latencies->values, ascending);
    return latencies->values[latencies->count * percent / 100];
}

static double sent_at(const rd_kafka_message_t *record)
{
    double sent;
    memcpy(&sent, record->payload, sizeof sent);
    return sent;
}

/* The first records find everything cold: offsets below "ignored" do not count. */
static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *record, void *opaque)
{
    (void)client;
    (void)opaque;
    delivered++;
    if (record->err)
        failed++;
    else if (delivered > ignored)
        note(&acknowledged, milliseconds() - sent_at(record));
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(key, why);
}

static rd_kafka_t *start(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *address)
{
    char why[256];
    if (address)
        set(conf, "bootstrap.servers", address);
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (!client)
        die("start", why);
    return client;
}

static rd_kafka_t *producer(const char *address, const char *linger)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "acks", "all");
    set(conf, "linger.ms", linger);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return start(RD_KAFKA_PRODUCER, conf, address);
}

static void produce(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
    char value[RECORD_BYTES] = {0};
    double now = milliseconds();
    memcpy(value, &now, sizeof now);
    if (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK, value, sizeof value, NULL, 0, NULL))
        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
    (void)client;
}

static void mock(void)
{
    rd_kafka_t *client = start(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, 1);
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
}

static void one_at_a_time(const char *address, const char *name, long count)
{
    rd_kafka_t *client = producer(address, "0");
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    ignored = count / 10;
    reserve(&acknowledged, count);
    for (long i = 0; i < count + ignored; i++) {
        produce(client, topic);
        while (delivered <= i)
            rd_kafka_poll(client, 1000);
    }
    printf("{\"p50\": %.4f, \"p99\": %.4f, \"failed\": %ld}\n", percentile(&acknowledged, 50), percentile(&acknowledged, 99), failed);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
}

typedef struct {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
} follower_t;

static void on_record(rd_kafka_message_t *record, void *opaque)
{
    (void)opaque;
    if (!record->err && atomic_fetch_add(&consumed, 1) >= ignored)
        note(&received, milliseconds() - sent_at(record));
}

static void *follow(void *argument)
{
    follower_t *follower = argument;
    while (!atomic_load(&stopping))
        rd_kafka_consume_callback(follower->topic, 0, 50, on_record, NULL);
    return NULL;
}

static void steady(const char *address, const char *name, long rate, long seconds)
{
    rd_kafka_t *client = producer(address, "1");
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    follower_t follower = {.client = start(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), address)};
    follower.topic = rd_kafka_topic_new(follower.client, name, NULL);
    pthread_t thread;
    long count = rate * seconds;
    /* One record to connect by, and the first second. */
    ignored = 1 + rate;
    reserve(&acknowledged, count);
    reserve(&received, count);
    if (rd_kafka_consume_start(follower.topic, 0, RD_KAFKA_OFFSET_BEGINNING) || pthread_create(&thread, NULL, follow, &follower))
        die("consume", "cannot start");

    produce(client, topic);
    while (!delivered || !atomic_load(&consumed))
        rd_kafka_poll(client, 10);
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long sent = 1, tick = 1; sent < count + ignored; tick++) {
        for (; sent <= tick * rate / 1000 && sent < count + ignored; sent++)
            produce(client, topic);
        rd_kafka_poll(client, 0);
        next.tv_nsec += 1000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    rd_kafka_flush(client, 10000);
    double end = milliseconds() + 10000;
    while (atomic_load(&consumed) < count + ignored && milliseconds() < end)
        usleep(1000);
    atomic_store(&stopping, 1);
    pthread_join(thread, NULL);
    if (delivered < count + ignored || atomic_load(&consumed) < count + ignored)
        die("steady", "not every record has arrived");
    printf("{\"ackP50\": %.3f, \"ackP99\": %.3f, \"endP50\": %.3f, \"endP99\": %.3f, \"failed\": %ld}\n", percentile(&acknowledged, 50),
        percentile(&acknowledged, 99), percentile(&received, 50), percentile(&received, 99), failed);
    rd_kafka_consume_stop(follower.topic, 0);
    rd_kafka_topic_destroy(follower.topic);
    rd_kafka_destroy(follower.client);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "mock"))
        mock();
    else if (argc == 5 && !strcmp(argv[1], "one"))
        one_at_a_time(argv[2], argv[3], atol(argv[4]));
    else if (argc == 6 && !strcmp(argv[1], "steady"))
        steady(argv[2], argv[3], atol(argv[4]), atol(argv[5]));
    else {
        fprintf(stderr, "usage: client mock | one ADDRESS TOPIC COUNT | steady ADDRESS TOPIC RATE SECONDS\n");
        return 2;
    }
    return failed > 0;
}
