/* SPDX-License-Identifier: MIT
 *
 * latency [PART]: does what takes the kernel long - large mappings, many segments, large files,
 * deep paths, forks and exits of all that - while a child that wants the processor every half a
 * millisecond is due again and again. How long the kernel kept it waiting is resched_longest_ns of
 * /proc/vmstat, which tests/qemu/test_latency.py reads: this only makes the work.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE         4096u
#define BIG_BYTES    (24u << 20)
#define SEGMENTS     3000u
#define SPARSE_BYTES (800u << 20)
#define RW           (PROT_READ | PROT_WRITE)
#define ANONYMOUS    (MAP_PRIVATE | MAP_ANONYMOUS)

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static pid_t pest_start(void)
{
    pid_t pid = fork();
    struct timespec half_ms = {.tv_nsec = 500000};

    while (pid == 0)
        nanosleep(&half_ms, NULL);
    return pid;
}

static char *map(size_t bytes)
{
    char *p = mmap(0, bytes, RW, ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    return p;
}

static void touch(char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE)
        p[i] = 1;
}

static void child_exit(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
}

static void big_mapping(void)
{
    char *p = map(BIG_BYTES);

    touch(p, BIG_BYTES);
    child_exit();
    touch(p, BIG_BYTES);
    mprotect(p, BIG_BYTES, PROT_READ);
    mprotect(p, BIG_BYTES, RW);
    munmap(p, BIG_BYTES);
}

/* Every second page has another protection, so that each is a segment. */
static void many_segments(void)
{
    char *p = map(SEGMENTS * PAGE);

    touch(p, SEGMENTS * PAGE);
    for (size_t i = 0; i < SEGMENTS; i += 2)
        if (mprotect(p + i * PAGE, PAGE, PROT_READ))
            die("mprotect");
    child_exit();
    mprotect(p, SEGMENTS * PAGE, RW);
    munmap(p, SEGMENTS * PAGE);
}

/* Many tables with few pages, which a child shares while they change. */
static void sparse_range(void)
{
    char *p = mmap(0, SPARSE_BYTES, PROT_READ, ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    for (size_t i = 0; i < SPARSE_BYTES; i += SPARSE_BYTES / 4096)
        (void)*(volatile char *)(p + i);
    for (int unmap = 0; unmap < 2; unmap++) {
        pid_t sharer = fork();

        while (sharer == 0)
            sleep(1);
        if (unmap ? munmap(p, SPARSE_BYTES) : mprotect(p, SPARSE_BYTES, PROT_NONE))
            die("sparse range");
        kill(sharer, SIGKILL);
        waitpid(sharer, NULL, 0);
    }
}

static void file_read_whole(const char *path, size_t block)
{
    char *buffer = malloc(block);
    int fd = open(path, O_RDONLY);

    if (!buffer || fd < 0)
        die(path);
    while (read(fd, buffer, block) > 0)
        continue;
    close(fd);
    free(buffer);
}

static void many_files(void)
{
    static const char *const files[] = {"/bin/sh",      "/proc/coremap",  "/proc/self/maps",
                                        "/proc/kmsg",   "/proc/meminfo",  "/proc/slabinfo",
                                        "/proc/vmstat", "/proc/self/stat"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        file_read_whole(files[i], 256 * 1024);
}

/* A program with as many arguments as it may have. */
static void exec_large(void)
{
    static char argument[1000];
    static char *argv[102];

    memset(argument, 'x', sizeof argument - 1);
    argv[0] = "/bin/true";
    for (int i = 1; i < 101; i++)
        argv[i] = argument;
    pid_t pid = fork();
    if (pid == 0) {
        execve(argv[0], argv, environ);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

/* Uses the processor until the scheduler thinks less of us than of the child. */
static void burn(void)
{
    struct timespec start, now;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000ll + now.tv_nsec - start.tv_nsec < 60000000);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"mapping", big_mapping}, {"segments", many_segments}, {"sparse", sparse_range},
        {"files", many_files},    {"exec", exec_large},
    };
    pid_t pest = pest_start();

    if (pest < 0)
        die("fork");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (int n = 0; n < 3 && (argc < 2 || strcmp(argv[1], parts[i].name) == 0); n++) {
            burn();
            parts[i].run();
        }
    kill(pest, SIGKILL);
    waitpid(pest, NULL, 0);
    return 0;
}
