/* SPDX-License-Identifier: MIT
 *
 * Shared mappings: of nothing, across fork, and of files; who sees what is written, what access
 * they can have, how long they live, and each error of mmap2.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define SHARED           (MAP_SHARED | MAP_ANONYMOUS)
#define LINUX_EOVERFLOW  75
#define LINUX_EOPNOTSUPP 95

static int write_x(void *arg)
{
    *(volatile char *)arg = 'x';
    return 0;
}

/* Parent and child see each other's stores, whoever touched the page first. */
static void test_fork(void)
{
    volatile char *p = pages_map_flags(3, RW, SHARED), *own = pages_map(1, RW);

    CHECK(p[0] == 0 && p[PAGE] == 0);
    p[PAGE] = 'p';
    own[0] = 'p';
    for (unsigned i = 0; i < 3; i++) {
        CHECK(tap_exited_with(tap_child(write_x, (void *)(p + i * PAGE)), 0));
        CHECK_EQ(p[i * PAGE], 'x');
    }
    CHECK(tap_exited_with(tap_child(write_x, (void *)own), 0));
    CHECK_EQ(own[0], 'p'); /* in the same node of the page table, and private */
    p[0] = 'q';
    CHECK_EQ(p[0], 'q');
}

struct turns {
    volatile int turn, rounds;
};

static int take_turns(void *arg)
{
    struct turns *t = arg;

    for (int i = 0; i < 50; i++) {
        while (t->turn != 1)
            tap_pause_ms(1);
        t->rounds++;
        __sync_synchronize();
        t->turn = 0;
    }
    return 0;
}

/* Both stay alive and write in turn: nobody gets a copy at any time. */
static void test_turns(void)
{
    struct turns *t = (struct turns *)pages_map_flags(1, RW, SHARED);
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(take_turns(t));
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(t->rounds, i);
        t->turn = 1;
        while (t->turn != 0)
            tap_pause_ms(1);
    }
    CHECK_EQ(t->rounds, 50);
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
}

#define COUNTERS 64
#define ADDERS   4

static int add_body(void *arg)
{
    for (unsigned i = 0; i < 200 * COUNTERS; i++)
        __sync_fetch_and_add((int *)((char *)arg + i % COUNTERS * PAGE), 1);
    return 0;
}

static void test_many_add(void)
{
    char *p = pages_map_flags(COUNTERS, RW, SHARED);
    pid_t pids[ADDERS];
    int status;

    for (unsigned i = 0; i < ADDERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(add_body(p));
    }
    for (unsigned i = 0; i < ADDERS; i++)
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && tap_exited_with(status, 0));
    for (unsigned i = 0; i < COUNTERS; i++)
        CHECK_EQ(*(int *)(p + i * PAGE), 200 * ADDERS);
}

/* The pages live as long as anybody maps the object, and no longer: the frames are counted. */
static void test_lifetime(void)
{
    char *p = pages_map_flags(16, RW, SHARED);
    volatile char *gone = pages_map_flags(1, RW, SHARED);
    int status;
    pid_t pid;

    memset(p, 'l', 16 * PAGE);
    pid = fork();
    if (pid == 0) {
        while (!*gone)
            tap_pause_ms(1);
        CHECK(p[0] == 'l' && p[16 * PAGE - 1] == 'l');
        _exit(0);
    }
    CHECK_EQ(munmap(p, 16 * PAGE), 0);
    *gone = 1;
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
}

/* What was unmapped in part is still there for who has it: the object has one copy. */
static int unmap_and_look(void *arg)
{
    char *p = arg;

    p[2 * PAGE] = 'u';
    CHECK_EQ(munmap(p + PAGE, 2 * PAGE), 0);
    CHECK(!readable(p + 2 * PAGE) && readable(p) && readable(p + 3 * PAGE));
    return 0;
}

static void test_unmap_middle(void)
{
    char *p = pages_map_flags(4, RW, SHARED);

    p[PAGE] = 'm';
    CHECK(tap_exited_with(tap_child(unmap_and_look, p), 0));
    CHECK(p[PAGE] == 'm' && p[2 * PAGE] == 'u');
}

/* Split in three and merged again; what a child's mprotect does is its own. */
static int protect_all(void *arg)
{
    CHECK_EQ(mprotect(arg, 9 * PAGE, PROT_READ), 0);
    CHECK(!writable(arg));
    return 0;
}

static void test_protect(void)
{
    char *p = pages_map_flags(9, RW, SHARED), line[128];

    memset(p, 1, 9 * PAGE);
    CHECK_EQ(mprotect(p + 3 * PAGE, 3 * PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 9), 3);
    CHECK(!writable(p + 4 * PAGE) && readable(p + 4 * PAGE) && writable(p + 6 * PAGE));
    CHECK_EQ(mprotect(p + 3 * PAGE, 3 * PAGE, RW), 0);
    CHECK_EQ(segments_count(p, 9), 1);
    CHECK(segment_line(p, line, sizeof(line)) && strstr(line, " rw-s "));
    CHECK(tap_exited_with(tap_child(protect_all, p), 0));
    CHECK(writable(p) && p[8 * PAGE] == 1);
}

/* A file that can only be read: shared, never written, not even later. */
static void test_read_only_file(void)
{
    size_t len;
    char *whole = file_read_all("/bin/sh", &len), line[128], *p, *private;
    int fd = open("/bin/sh", O_RDONLY);

    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_SHARED, fd, 0), -EACCES);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_WRITE, MAP_SHARED_VALIDATE, fd, 0), -EACCES);
    p = mmap(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED && memcmp(p, whole, 2 * PAGE) == 0);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, RW), -EACCES);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 2), 1);
    CHECK(segment_line(p, line, sizeof(line)) && strstr(line, " r--s ") && strstr(line, "/sh"));
    private = mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(private != MAP_FAILED);
    private[0] = 'p';
    CHECK(p[0] == whole[0] && memcmp(private + 1, whole + 1, 2 * PAGE - 1) == 0);
    close(fd);
    CHECK(memcmp(p, whole, 2 * PAGE) == 0);
}

/* Neighbours that continue each other in one file are one segment; anonymous ones never are. */
static void test_merge(void)
{
    char *p = pages_map(6, PROT_NONE);
    int fd = open("/bin/sh", O_RDONLY);

    for (unsigned i = 3; i-- > 0;)
        CHECK(mmap(p + i * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, i * PAGE) ==
              p + i * PAGE);
    CHECK_EQ(segments_count(p, 3), 1);
    CHECK(mmap(p + 3 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == p + 3 * PAGE);
    CHECK(mmap(p + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE) == p + 4 * PAGE);
    CHECK_EQ(segments_count(p, 5), 3);
    CHECK(mmap(p, PAGE, RW, SHARED | MAP_FIXED, -1, 0) == p);
    CHECK(mmap(p + PAGE, PAGE, RW, SHARED | MAP_FIXED, -1, 0) == p + PAGE);
    CHECK_EQ(segments_count(p, 2), 2);
    CHECK(p[0] == 0 && p[PAGE] == 0);
}

static void test_errors(void)
{
    char *p = pages_map(2, RW);
    int fd = open("/bin/sh", O_RDONLY), dir = open("/bin", O_RDONLY);
    const int fixed = SHARED | MAP_FIXED;

    CHECK_EQ(sys_raw(SYS_mmap2, 0, 0, RW, SHARED, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, SHARED | MAP_GROWSDOWN, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x2000000, fd, 0),
             -LINUX_EOPNOTSUPP);
    CHECK(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED | 0x2000000, fd, 0) > 0);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, 4, fd, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, 0, fd, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED, 99, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, 0, PROT_READ, MAP_SHARED, 99, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED, dir, 0), -ENODEV);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0xffffffff),
             -LINUX_EOVERFLOW);
    CHECK_EQ(sys_raw(SYS_mmap2, p + 1, PAGE, RW, fixed, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, p, 0xc0000000, RW, fixed, -1, 0), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_mmap2, p, PAGE, RW, SHARED | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
    p[0] = 's';
    CHECK(sys_raw(SYS_mmap2, p, PAGE, RW, fixed, -1, 0) == (long)p && p[0] == 0);
}

/* A page of a file's that lies behind its end. */
static void test_beyond_end(void)
{
    int fd = open("/etc/motd", O_RDONLY);
    char *p = mmap(0, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

    if (!tap_on_quire())
        tap_skip("the emulator turns SIGBUS into something else");
    CHECK(p != MAP_FAILED && readable(p));
    CHECK(!readable(p + PAGE));
}

/* Promised once, however many map it. */
static int committed_body(void *arg)
{
    return meminfo_kib("Committed_AS:") - *(long *)arg > 4096 + 2048;
}

static void test_committed(void)
{
    long before = meminfo_kib("Committed_AS:");
    char *p;

    if (before < 0 || !tap_on_quire())
        tap_skip("others commit memory, too");
    p = pages_map_flags(1024, RW, SHARED);
    CHECK_EQ(meminfo_kib("Committed_AS:") - before, 4096);
    CHECK(tap_exited_with(tap_child(committed_body, &before), 0));
    CHECK_EQ(munmap(p, 512 * PAGE), 0);
    CHECK_EQ(meminfo_kib("Committed_AS:") - before, 4096); /* the object is whole */
    CHECK_EQ(munmap(p + 512 * PAGE, 512 * PAGE), 0);
    CHECK_EQ(meminfo_kib("Committed_AS:"), before);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, 0x30000000, RW, SHARED, -1, 0), -ENOMEM);
    CHECK(sys_raw(SYS_mmap2, 0, 0x20000000, RW, SHARED | MAP_NORESERVE, -1, 0) > 0);
    CHECK(sys_raw(SYS_mmap2, 0, 0x10000000, RW, ANONYMOUS | MAP_NORESERVE, -1, 0) > 0);
    CHECK_EQ(meminfo_kib("Committed_AS:"), before);
}

/* System calls write to what is shared as programs do. */
static void test_kernel_writes(void)
{
    char *p = pages_map_flags(2, RW, SHARED);
    int fd = open("/etc/motd", O_RDONLY), n = (int)read(fd, p + PAGE - 2, 8);

    CHECK(n == 8);
    char *whole = file_read_all("/etc/motd", NULL);
    CHECK(memcmp(p + PAGE - 2, whole, 8) == 0);
    CHECK(tap_exited_with(tap_child(write_x, p), 0) && p[0] == 'x');
}

static void test_populate(void)
{
    long before = meminfo_kib("MemFree:");
    char *p;

    if (before < 0 || !tap_on_quire())
        tap_skip("others use memory, too");
    p = pages_map_flags(256, RW, SHARED | MAP_POPULATE);
    CHECK(before - meminfo_kib("MemFree:") >= 1024);
    before = meminfo_kib("MemFree:");
    p = pages_map_flags(256, RW, ANONYMOUS | MAP_POPULATE);
    CHECK(before - meminfo_kib("MemFree:") >= 1024);
    CHECK(p[0] == 0 && p[255 * PAGE] == 0);
    before = meminfo_kib("MemFree:");
    pages_map_flags(256, PROT_NONE, ANONYMOUS | MAP_POPULATE);
    pages_map_flags(256, PROT_READ, ANONYMOUS | MAP_POPULATE);
    CHECK(before - meminfo_kib("MemFree:") < 256);
}

/* A mapping that grows downwards as a stack does. */
static void test_grows_down(void)
{
    char *room = pages_map(64, PROT_NONE), *p = room + 60 * PAGE;

    CHECK_EQ(munmap(room, 64 * PAGE), 0);
    CHECK(mmap(p, PAGE, RW, ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_STACK, -1, 0) == p);
    CHECK(writable(p - 1) && writable(p - 20 * PAGE));
    p[-1] = p[-PAGE - 1] = 'g';
    CHECK_EQ(segments_count(p - 2 * PAGE, 3), 1);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"parent and child see each other's stores", test_fork},
        {"both write in turn", test_turns},
        {"four add to the same words", test_many_add},
        {"shared memory lives as long as it is mapped", test_lifetime},
        {"munmap of the middle is one's own", test_unmap_middle},
        {"mprotect splits and merges", test_protect},
        {"a file opened read-only", test_read_only_file},
        {"neighbours merge", test_merge},
        {"errors of mmap2", test_errors},
        {"beyond the end of the file", test_beyond_end},
        {"committed once", test_committed},
        {"system calls write to shared memory", test_kernel_writes},
        {"MAP_POPULATE", test_populate},
        {"MAP_GROWSDOWN", test_grows_down},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
