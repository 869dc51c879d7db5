/* Publishes to a JetStream file stream (one replica) and prints one JSON line:
 *   jetstream URL RECORDS BYTES ONE_BY_ONE
 * RECORDS are published asynchronously with a window of 8192, then ONE_BY_ONE are published each waiting for its acknowledgement. */
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STREAM "BENCH"
#define SUBJECT "bench.records"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(natsStatus status, const char *doing)
{
    if (status != NATS_OK) {
        fprintf(stderr, "jetstream: %s: %s\n", doing, natsStatus_GetText(status));
        exit(1);
    }
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: jetstream URL RECORDS BYTES ONE_BY_ONE\n");
        return 2;
    }
    long records = atol(argv[2]), one_by_one = atol(argv[4]);
    int bytes = atoi(argv[3]);
    natsConnection *connection;
    jsCtx *js;
    jsOptions options;
    jsStreamConfig stream;
    jsErrCode code;
    const char *subjects[] = {SUBJECT};

    check(natsConnection_ConnectTo(&connection, argv[1]), "connect");
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = 8192;
    check(natsConnection_JetStream(&js, connection, &options), "open JetStream");
    jsStreamConfig_Init(&stream);
    stream.Name = STREAM;
    stream.Subjects = subjects;
    stream.SubjectsLen = 1;
    stream.Storage = js_FileStorage;
    stream.Replicas = 1;
    (void)js_DeleteStream(js, STREAM, NULL, NULL);
    check(js_AddStream(NULL, js, &stream, NULL, &code), "add the stream");

    char *value = malloc((size_t)bytes);
    memset(value, 'v', (size_t)bytes);
    double start = seconds();
    for (long i = 0; i < records; i++)
        check(js_PublishAsync(js, SUBJECT, value, bytes, NULL), "publish");
    check(js_PublishAsyncComplete(js, NULL), "wait for acknowledgements");
    double rate = (double)records / (seconds() - start);

    double *latency = calloc((size_t)one_by_one, sizeof *latency);
    for (long i = 0; i < one_by_one; i++) {
        double sent = seconds();
        check(js_Publish(NULL, js, SUBJECT, value, bytes, NULL, &code), "publish one");
        latency[i] = (seconds() - sent) * 1e3;
    }
    qsort(latency, (size_t)one_by_one, sizeof *latency, ascending);
    printf("{\"recordsPerSecond\": %.0f, \"p50\": %.3f, \"p99\": %.3f}\n", rate, latency[one_by_one / 2], latency[one_by_one * 99 / 100]);
    free(latency);
    free(value);
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    return 0;
}
