/* SPDX-License-Identifier: MIT
 *
 * /proc/hat: what the hardware was told is taken back, of one frame wherever it is mapped and of
 * everybody, and nobody notices but by faults.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define SHARED     (MAP_SHARED | MAP_ANONYMOUS)
#define CHILDREN   3
#define BUSY_PAGES 64u

static long hat(const char *command)
{
    int fd = open("/proc/hat", O_WRONLY);
    long result;

    CHECK(fd >= 0);
    result = sys_raw(SYS_write, fd, command, strlen(command));
    close(fd);
    return result;
}

/* The number behind the word that stands first in a line of the file. */
static unsigned long count_of(const char *path, const char *word)
{
    char *text = file_read_all(path, NULL), *at;
    unsigned long n;

    CHECK(text != NULL);
    at = strstr(text, word);
    CHECK(at != NULL);
    n = strtoul(at + strlen(word), NULL, 10);
    free(text);
    return n;
}

struct found {
    unsigned entries, loaded, writable;
    char state[8];
};

static struct found look(const char *how, unsigned long pfn)
{
    char command[40], *text, *at;
    struct found f;
    unsigned frame;

    snprintf(command, sizeof command, "%s %lx\n", how, pfn);
    CHECK_EQ(hat(command), strlen(command));
    text = file_read_all("/proc/hat", NULL);
    CHECK(text != NULL);
    at = strstr(text, "frame ");
    CHECK(at != NULL);
    CHECK_EQ(sscanf(at, "frame %x: %u entries, %u loaded, %u writable, %7s", &frame, &f.entries,
                    &f.loaded, &f.writable, f.state),
             5);
    CHECK_EQ(frame, pfn);
    free(text);
    return f;
}

/* Children that have read the page and sleep until they are told to look at it again. */
struct meeting {
    volatile int there, go;
    volatile char page[PAGE] __attribute__((aligned(4096)));
};

static int meet(void *arg)
{
    struct meeting *m = arg;
    char seen = m->page[1];

    __sync_fetch_and_add(&m->there, 1);
    while (!m->go)
        tap_pause_ms(5);
    return seen == 'a' && m->page[1] == 'a' && m->page[2] == 'b' ? 0 : 1;
}

static void check_frame(struct meeting *m, unsigned entries, const char *state)
{
    unsigned long pfn, reclaims;
    struct found f;
    pid_t pid[CHILDREN];
    int status;

    m->page[1] = 'a';
    m->page[2] = 'b';
    for (int i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        CHECK(pid[i] >= 0);
        if (pid[i] == 0)
            _exit(meet(m));
    }
    while (m->there < CHILDREN)
        tap_pause_ms(5);
    pfn = frame_of(m->page);
    f = look("pageunload", pfn);
    CHECK_EQ(f.entries, entries);
    CHECK(strcmp(f.state, state) == 0);
    f = look("pagesync", pfn);
    CHECK_EQ(f.entries, entries);
    CHECK_EQ(f.loaded, 0);
    reclaims = count_of("/proc/vmstat", "fault_reclaim ");
    m->go = 1;
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK(tap_exited_with(status, 0));
    }
    CHECK(m->page[1] == 'a');
    CHECK(count_of("/proc/vmstat", "fault_reclaim ") > reclaims);
    CHECK(look("pagesync", pfn).loaded >= 1);
}

static struct meeting *meeting(void)
{
    return (struct meeting *)(void *)pages_map_flags(2, RW, SHARED);
}

/* A page of an object, mapped by four processes. */
static void test_shared_frame(void)
{
    struct meeting *m = meeting();

    check_frame(m, 1 + CHILDREN, "dirty");
    munmap(m, sizeof *m);
}

/* A file's page: read, text and mapping are one frame. */
static void test_file_frame(void)
{
    int fd = open("/etc/motd", O_RDONLY);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0),
         *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), first;
    unsigned long pfn;

    CHECK(p != MAP_FAILED && q != MAP_FAILED);
    CHECK_EQ(*(volatile char *)p, *(volatile char *)q);
    pfn = frame_of(p);
    CHECK_EQ(frame_of(q), pfn);
    CHECK_EQ(look("pageunload", pfn).entries, 2);
    CHECK_EQ(look("pagesync", pfn).loaded, 0);
    CHECK_EQ(read(fd, &first, 1), 1);
    CHECK_EQ(*(volatile char *)p, first);
    munmap(p, PAGE);
    munmap(q, PAGE);
    close(fd);
}

/* A private page that fork shares: found at its own address in all kin. */
static void test_private_frame(void)
{
    struct meeting *m = meeting();
    volatile char *own = pages_map(1, RW);
    unsigned long pfn;
    pid_t pid;
    int status;

    own[0] = 'o';
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        m->there = own[0] == 'o';
        while (!m->go)
            tap_pause_ms(5);
        _exit(own[0] == 'o' ? 0 : 1);
    }
    while (!m->there)
        tap_pause_ms(5);
    pfn = frame_of(own);
    CHECK_EQ(look("pageunload", pfn).entries, 2);
    CHECK_EQ(look("pagesync", pfn).loaded, 0);
    own[0] = 'x'; /* a copy: the frame is the child's */
    m->go = 1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
    CHECK_EQ(own[0], 'x');
    munmap(m, sizeof *m);
    munmap((void *)own, PAGE);
}

static void test_errors(void)
{
    static const char *const bad[] = {
        "flushed",        "pageunload",         "pageunload ",  "pageunload x", "pagesync 0",
        "pagesync fffff", "pagesync 123456789", "pagesync 1 2", "unload 1",     "pagesync -1"};
    char much[100];

    for (size_t i = 0; i < TAP_COUNT(bad); i++)
        CHECK_EQ(hat(bad[i]), -EINVAL);
    memset(much, 'f', sizeof much);
    much[sizeof much - 1] = '\0';
    CHECK_EQ(hat(much), -EINVAL);
    int fd = open("/proc/hat", O_WRONLY);
    CHECK_EQ(sys_raw(SYS_write, fd, 0, 5), -EFAULT);
    close(fd);
}

/* Private memory, a file and shared memory, read and written over and over. */
static int work(void *arg)
{
    volatile uint32_t *stop = arg;
    char *own = pages_map(BUSY_PAGES, RW);
    uint32_t round = 0;

    while (!*stop) {
        round++;
        for (unsigned i = 0; i < BUSY_PAGES; i++) {
            uint32_t *word = (uint32_t *)(void *)(own + i * PAGE);

            if (*word != (round - 1) * (i + 1))
                return 1;
            *word = round * (i + 1);
        }
    }
    return 0;
}

static void test_flush(void)
{
    uint32_t *stop = (uint32_t *)(void *)pages_map_flags(1, RW, SHARED);
    unsigned long pageins, flushes = count_of("/proc/hat", "flushes ");
    uint32_t n = tap_count(100, 5000);
    pid_t pid[CHILDREN];
    int status;

    for (int i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        CHECK(pid[i] >= 0);
        if (pid[i] == 0)
            _exit(work(stop));
    }
    tap_pause_ms(50);
    pageins = count_of("/proc/vmstat", "fault_pagein ");
    for (uint32_t i = 0; i < n; i++) {
        CHECK_EQ(hat("flush"), 5);
        tap_pause_ms(1);
    }
    CHECK_EQ(count_of("/proc/vmstat", "fault_pagein "), pageins);
    *stop = 1;
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK(tap_exited_with(status, 0));
    }
    CHECK(count_of("/proc/hat", "flushes ") >= flushes + n);
    munmap(stop, PAGE);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a frame of shared memory", test_shared_frame},
        {"a frame of a file", test_file_frame},
        {"a frame of private memory", test_private_frame},
        {"errors", test_errors},
        {"flush under load", test_flush},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
