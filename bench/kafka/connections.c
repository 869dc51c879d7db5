/* Many connections of the Kafka protocol from one small process, so that what is measured is the server. Prints one JSON line:
 *   connections open PORT COUNT PID                  COUNT connections that have each been answered once, open at once
 *   connections idle PORT TOPIC COUNT SECONDS PID    COUNT consumers at the end of an empty topic, each with a fetch that waits up to 500 ms
 *                                                    (librdkafka's default) and sent again when it is answered; the server's share of a core
 *   connections metadata PORT COUNT                  COUNT requests for the metadata of everything, one after the other
 * PID is the server's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 500
#define FETCH 1
#define METADATA 3
#define API_VERSIONS 18

typedef struct {
    unsigned char bytes[512];
    size_t length;
} request_t;

static void die(const char *doing)
{
    fprintf(stderr, "connections: %s: %s\n", doing, errno ? strerror(errno) : "unexpected answer");
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put(request_t *request, uint64_t value, int bytes)
{
    while (bytes-- > 0)
        request->bytes[request->length++] = (unsigned char)(value >> (8 * bytes));
}

static void put_text(request_t *request, const char *text)
{
    size_t length = strlen(text);
    put(request, length, 2);
    memcpy(request->bytes + request->length, text, length);
    request->length += length;
}

static request_t begin(int api, int version)
{
    request_t request = {.length = 0};
    put(&request, 0, 4);
    put(&request, (uint64_t)api, 2);
    put(&request, (uint64_t)version, 2);
    put(&request, 1, 4);
    put_text(&request, "connections");
    return request;
}

static void end(request_t *request)
{
    uint32_t length = htonl((uint32_t)request->length - 4);
    memcpy(request->bytes, &length, 4);
}

static request_t fetch(const char *topic)
{
    request_t request = begin(FETCH, 11);
    put(&request, (uint64_t)-1, 4); /* replica */
    put(&request, WAIT_MS, 4);
    put(&request, 1, 4);            /* bytes at least */
    put(&request, 50 << 20, 4);     /* bytes at most */
    put(&request, 0, 1);            /* read uncommitted */
    put(&request, 0, 4);            /* no session */
    put(&request, (uint64_t)-1, 4);
    put(&request, 1, 4);            /* topics */
    put_text(&request, topic);
    put(&request, 1, 4);            /* partitions */
    put(&request, 0, 4);
    put(&request, (uint64_t)-1, 4); /* leader epoch */
    put(&request, 0, 8);            /* offset */
    put(&request, (uint64_t)-1, 8); /* log start */
    put(&request, 1 << 20, 4);
    put(&request, 0, 4);            /* forgotten */
    put_text(&request, "");
    end(&request);
    return request;
}

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, socket_ = socket(AF_INET, SOCK_STREAM, 0);
    if (socket_ < 0 || connect(socket_, (struct sockaddr *)&address, sizeof address))
        die("connect");
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return socket_;
}

static void transmit(int socket_, const request_t *request)
{
    if (send(socket_, request->bytes, request->length, MSG_NOSIGNAL) != (ssize_t)request->length)
        die("send");
}

/* Reads one answer whole and returns its length; its bytes are left in *answer. */
static size_t answer_of(int socket_, unsigned char **answer, size_t *room)
{
    uint32_t length;
    errno = 0;
    if (recv(socket_, &length, 4, MSG_WAITALL) != 4)
        die("receive");
    length = ntohl(length);
    if (length > *room)
        *answer = realloc(*answer, *room = length);
    if (recv(socket_, *answer, length, MSG_WAITALL) != (ssize_t)length)
        die("receive");
    return length;
}

static double cpu_seconds(int pid)
{
    char path[64], line[1024];
    long user, system_;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file))
        die(path);
    fclose(file);
    if (sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system_) != 2)
        die(path);
    return (double)(user + system_) / (double)sysconf(_SC_CLK_TCK);
}

static double resident_mib(int pid)
{
    char path[64];
    long pages;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        die(path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void open_many(int port, int count, int pid)
{
    request_t request = begin(API_VERSIONS, 0);
    unsigned char *answer = NULL;
    size_t room = 0;
    int *sockets = calloc((size_t)count, sizeof *sockets);
    end(&request);
    double began = seconds(), before = resident_mib(pid);
    for (int i = 0; i < count; i++)
        transmit(sockets[i] = dial(port), &request);
    for (int i = 0; i < count; i++)
        answer_of(sockets[i], &answer, &room);
    double opened = seconds() - began;
    /* Once more on each: all are there at once. */
    for (int i = 0; i < count; i++)
        transmit(sockets[i], &request);
    for (int i = 0; i < count; i++)
        answer_of(sockets[i], &answer, &room);
    printf("{\"connections\": %d, \"seconds\": %.2f, \"mibBefore\": %.0f, \"mib\": %.0f}\n", count, opened, before, resident_mib(pid));
}

static void idle(int port, const char *topic, int count, int duration, int pid)
{
    request_t request = fetch(topic);
    int polling = epoll_create1(0);
    unsigned char *answer = NULL;
    size_t room = 0;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = dial(port)};
        if (epoll_ctl(polling, EPOLL_CTL_ADD, event.data.fd, &event))
            die("poll");
        transmit(event.data.fd, &request);
        /* Consumers do not wait in step. */
        usleep(1000 * WAIT_MS / (useconds_t)count);
    }
    double began = seconds(), measured = began + 3, cpu = 0;
    long answers = 0;
    while (seconds() < measured + duration) {
        struct epoll_event events[64];
        int ready = epoll_wait(polling, events, 64, 100);
        if (cpu == 0 && seconds() >= measured) {
            cpu = cpu_seconds(pid);
            answers = 0;
            measured = seconds();
        }
        for (int i = 0; i < ready; i++) {
            if (answer_of(events[i].data.fd, &answer, &room) > 200)
                die("an answer with records");
            transmit(events[i].data.fd, &request);
            answers++;
        }
    }
    double elapsed = seconds() - measured;
    printf("{\"consumers\": %d, \"answersPerSecond\": %.0f, \"corePercent\": %.2f}\n", count, (double)answers / elapsed,
        100 * (cpu_seconds(pid) - cpu) / elapsed);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void metadata(int port, int count)
{
    request_t request = begin(METADATA, 7);
    unsigned char *answer = NULL;
    size_t room = 0, length = 0;
    double *times = calloc((size_t)count, sizeof *times);
    put(&request, (uint64_t)-1, 4); /* all topics */
    put(&request, 0, 1);
    end(&request);
    int socket_ = dial(port);
    for (int i = 0; i < count; i++) {
        double began = seconds();
        transmit(socket_, &request);
        length = answer_of(socket_, &answer, &room);
        times[i] = (seconds() - began) * 1e3;
    }
    double first = times[0];
    qsort(times, (size_t)count, sizeof *times, ascending);
    printf("{\"answerBytes\": %zu, \"first\": %.2f, \"p50\": %.2f, \"max\": %.2f}\n", length, first, times[count / 2], times[count - 1]);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (argc == 5 && !strcmp(argv[1], "open"))
        open_many(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
    else if (argc == 7 && !strcmp(argv[1], "idle"))
        idle(atoi(argv[2]), argv[3], atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
    else if (argc == 4 && !strcmp(argv[1], "metadata"))
        metadata(atoi(argv[2]), atoi(argv[3]));
    else {
        fprintf(stderr, "usage: connections open PORT COUNT PID | idle PORT TOPIC COUNT SECONDS PID | metadata PORT COUNT\n");
        return 2;
    }
    return 0;
}
