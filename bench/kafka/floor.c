/* The least that answering waiting consumers can cost: one thread that reads requests, and answers each after half a second with as many bytes as
 * an empty fetch has, all of one thirty-second of a second together. It knows nothing of Kafka beyond the frame. Prints its port, and lives until
 * it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_BYTES 63
#define TICK_MS 31.25
#define WAIT_MS 500
#define WAITING_MAX 65536
#define EVENTS_MAX 1024

typedef struct {
    int socket_;
    double due;
    unsigned char correlation[4];
} waiting_t;

static waiting_t waiting[WAITING_MAX];
static unsigned long first, last;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static void watch(int poll, int socket_)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket_};
    epoll_ctl(poll, EPOLL_CTL_ADD, socket_, &event);
}

static void accept_all(int poll, int listening)
{
    int socket_, yes = 1;
    while ((socket_ = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        watch(poll, socket_);
    }
}

static void take(int socket_)
{
    unsigned char request[4096];
    if (recv(socket_, request, sizeof request, 0) < 12) {
        close(socket_);
        return;
    }
    waiting_t *next = &waiting[last++ % WAITING_MAX];
    next->socket_ = socket_;
    next->due = ((long)((milliseconds() + WAIT_MS) / TICK_MS) + 1) * TICK_MS;
    memcpy(next->correlation, request + 8, 4);
}

static void answer_due(void)
{
    double now = milliseconds();
    for (; first != last && waiting[first % WAITING_MAX].due <= now; first++) {
        unsigned char answer[ANSWER_BYTES] = {0, 0, 0, ANSWER_BYTES - 4};
        memcpy(answer + 4, waiting[first % WAITING_MAX].correlation, 4);
        send(waiting[first % WAITING_MAX].socket_, answer, sizeof answer, MSG_NOSIGNAL);
    }
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listening, (struct sockaddr *)&address, length) || listen(listening, 1024) || getsockname(listening, (struct sockaddr *)&address, &length)) {
        perror("floor");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    watch(poll, listening);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        double left = first == last ? -1 : waiting[first % WAITING_MAX].due - milliseconds();
        int count = epoll_wait(poll, events, EVENTS_MAX, first == last ? -1 : left < 0 ? 0 : (int)left + 1);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == listening)
                accept_all(poll, listening);
            else
                take(events[i].data.fd);
        answer_due();
    }
}
