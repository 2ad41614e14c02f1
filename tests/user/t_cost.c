/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/cost: map, touch, split and fork change it by exactly what they should; the sum is the
 * sum; and all processes together have what the allocator says is in use.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "process_list.h"
#include "quire.h"
#include "tap.h"

#define NODE (2u << 20) /* bytes that a node of the page table maps */

static struct process_cost cost;

static void look(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/cost", (int)pid);
    CHECK(process_cost_read(path, &cost));
}

static long count(const char *kind)
{
    look(getpid());
    return (long)process_cost_count(&cost, kind);
}

static long total(void)
{
    look(getpid());
    return (long)cost.total_bytes;
}

/* A place with a node of its own on both sides, without mappings; what the tests print and read
 * has been touched before. */
static char *place(void)
{
    char *p = mmap(NULL, 4 * NODE, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(munmap(p, 4 * NODE), 0);
    for (unsigned i = 0; i < 3; i++)
        (void)(total() + count("nodes"));
    return (char *)(((uintptr_t)p + 2 * NODE - 1) & ~(uintptr_t)(NODE - 1));
}

static void map_at(char *p, size_t pages)
{
    CHECK(mmap(p, pages * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p);
}

static long slab(const char *name, unsigned column);

static void test_segments(void)
{
    char *p = place();
    long segs = count("segments"), bytes = total(), each = slab("seg", 1);

    CHECK(each > 0);
    map_at(p, 8);
    CHECK_EQ(count("segments"), segs + 1);
    CHECK_EQ(total(), bytes + each);
    CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
    CHECK_EQ(total(), bytes + 3 * each);
    CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, RW), 0);
    CHECK_EQ(total(), bytes + each);
    CHECK_EQ(munmap(p + PAGE, PAGE), 0);
    CHECK_EQ(count("segments"), segs + 2);
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
    CHECK_EQ(total(), bytes);
}

static void test_pages(void)
{
    char *p = place();
    long nodes = count("nodes"), frames = count("frames"), bytes = total();

    map_at(p, 8);
    bytes = total();
    (void)*(volatile char *)p;
    CHECK_EQ(count("nodes"), nodes + 1);
    CHECK_EQ(count("frames"), frames);
    CHECK_EQ(total(), bytes + 4096);
    memset(p, 1, 3 * PAGE);
    CHECK_EQ(count("frames"), frames + 3);
    CHECK_EQ(total(), bytes + 4096 + 3 * 24);
    CHECK_EQ(madvise(p, 8 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(total(), bytes);
}

static void test_objects(void)
{
    (void)place();

    long objects = count("objects"), before, segment = slab("seg", 1);
    char *shared = pages_map_flags(8, RW, MAP_SHARED | MAP_ANONYMOUS);

    CHECK_EQ(count("objects"), objects + 1);
    before = total();
    CHECK_EQ(mprotect(shared + PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(count("objects"), objects + 1);
    CHECK_EQ(total(), before + 2 * segment);
    CHECK_EQ(munmap(shared, 8 * PAGE), 0);
    CHECK_EQ(total(), before - segment - slab("anonobj", 1));
}

/* The child has what the parent has, nodes shared, until one writes. */
static void test_fork(void)
{
    char *p = place();
    struct process_cost mine;
    int status;
    pid_t pid;

    map_at(p, 4);
    memset(p, 1, 4 * PAGE);
    look(getpid());
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        for (;;)
            tap_pause_ms(1000);
    tap_pause_ms(50);
    look(getpid());
    mine = cost;
    look(pid);
    CHECK_EQ(process_cost_count(&cost, "segments"), process_cost_count(&mine, "segments"));
    CHECK_EQ(process_cost_count(&cost, "nodes"), process_cost_count(&mine, "nodes"));
    CHECK_EQ(process_cost_count(&cost, "objects"), process_cost_count(&mine, "objects"));
    CHECK_EQ(process_cost_count(&cost, "frames"), process_cost_count(&mine, "frames"));
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
}

static void test_sum(void)
{
    unsigned long sum = 0;

    look(1);
    for (unsigned i = 0; i < cost.parts; i++)
        sum += cost.part[i].bytes;
    CHECK(cost.parts >= 8);
    CHECK_EQ(cost.total_bytes, sum);
}

/* Field of a cache's line of /proc/slabinfo: 1 bytes, 4 in use. 0: it was never used. */
static long slab(const char *name, unsigned column)
{
    static char text[4096];
    char *whole = file_read_all("/proc/slabinfo", NULL), *at, key[24];

    CHECK(whole && strlen(whole) < sizeof text);
    strcpy(text, whole);
    free(whole);
    snprintf(key, sizeof key, "\n%s ", name);
    at = strstr(text, key);
    if (!at)
        return 0;
    at += strlen(key);
    for (; column > 1; column--)
        strtoul(at, &at, 10);
    return (long)strtoul(at, NULL, 10);
}

#define KTHREADS_MOST 12 /* of the kernel: page-out, write-back, eight disks, input */

static struct {
    long segments, threads, processes, spaces;
} all;

static void add(const struct process *process, void *arg)
{
    (void)arg;
    look(process->pid);
    all.segments += (long)process_cost_count(&cost, "segments");
    all.threads += (long)process_cost_count(&cost, "threads");
    all.processes += (long)process_cost_count(&cost, "process");
    all.spaces += (long)process_cost_count(&cost, "space");
}

static void test_slabinfo(void)
{
    if (tap_frames() == -1)
        tap_skip("others run at the same time");
    memset(&all, 0, sizeof all);
    CHECK(process_for_each(add, NULL) > 1);
    CHECK_EQ(all.segments, slab("seg", 4));
    CHECK_EQ(all.processes, slab("proc", 4));
    CHECK_EQ(all.spaces, slab("as", 4));
    CHECK_EQ(all.spaces, slab("root", 4));
    /* Page-out has a thread, too, and each disk. */
    CHECK(slab("thread", 4) > all.threads && slab("thread", 4) <= all.threads + KTHREADS_MOST);
}

static const struct tap_test tests[] = {
    {"segments: map, split, merge, unmap", test_segments},
    {"nodes and frames", test_pages},
    {"objects, each once", test_objects},
    {"fork", test_fork},
    {"the sum", test_sum},
    {"slabinfo agrees", test_slabinfo},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
