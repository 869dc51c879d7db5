/* What the disk does by itself, past the page cache. Prints one JSON line:
 *   disk FILE MIB SYNCS      MIB written in order into a new file in pieces of 1 MiB and synced at the end; then over the same file SYNCS times
 *                            4 KiB, each synced, as a log file that is used again is written */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define PAGE 4096

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(int ok, const char *doing)
{
    if (!ok) {
        fprintf(stderr, "disk: %s: %s\n", doing, strerror(errno));
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
    if (argc != 4) {
        fprintf(stderr, "usage: disk FILE MIB SYNCS\n");
        return 2;
    }
    long mib = atol(argv[2]), syncs = atol(argv[3]);
    void *piece = aligned_alloc(PAGE, PIECE);
    double *times = calloc((size_t)syncs, sizeof *times);
    memset(piece, 'd', PIECE);
    int file = open(argv[1], O_CREAT | O_TRUNC | O_RDWR | O_DIRECT, 0600);
    if (file < 0 && errno == EINVAL)
        file = open(argv[1], O_CREAT | O_TRUNC | O_RDWR, 0600);
    check(file >= 0, "open");
    double began = seconds();
    for (long i = 0; i < mib; i++)
        check(write(file, piece, PIECE) == PIECE, "write");
    check(!fdatasync(file), "sync");
    double rate = (double)mib * PIECE / 1e6 / (seconds() - began);
    for (long i = 0; i < syncs; i++) {
        began = seconds();
        check(pwrite(file, piece, PAGE, i % (mib * PIECE / PAGE) * PAGE) == PAGE, "write");
        check(!fdatasync(file), "sync");
        times[i] = (seconds() - began) * 1e3;
    }
    qsort(times, (size_t)syncs, sizeof *times, ascending);
    printf("{\"megabytesPerSecond\": %.0f, \"syncP50\": %.4f, \"syncP99\": %.4f}\n", rate, times[syncs / 2], times[syncs * 99 / 100]);
    close(file);
    unlink(argv[1]);
    return 0;
}
