/* SPDX-License-Identifier: MIT
 *
 * What once went wrong: registers that went from one process to the next, calls that a kill did not
 * end, audits that waited for each other or saw half an exit, readers of /proc that were faster
 * than an exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tap.h"

#define MIB 0x100000u

static uint32_t scratch_get(void)
{
    uint32_t value;

    __asm__ volatile("mrc p15, 0, %0, c13, c0, 2" : "=r"(value));
    return value;
}

static void scratch_set(uint32_t value)
{
    __asm__ volatile("mcr p15, 0, %0, c13, c0, 2" ::"r"(value));
}

static int sets_scratch(void *arg)
{
    (void)arg;
    scratch_set(0xdeadbeef);
    return 0;
}

/* TPIDRURW belongs to a thread. */
static void test_scratch_register(void)
{
    scratch_set(0x1234);
    CHECK(tap_exited_with(tap_child(sets_scratch, NULL), 0));
    CHECK_EQ(scratch_get(), 0x1234);
}

static long milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What takes ms at most on an idle host may take longer on a busy one: as it shows in an audit of a
 * quiet machine, which takes some 20 ms. */
static long allowed(long ms)
{
    long start = milliseconds();

    tap_frames();
    return ms + 20 * (milliseconds() - start);
}

/* Reads 1 GiB of a device in one call. */
static void read_for_ever(const char *device)
{
    static struct {
        char *base;
        uint32_t len;
    } iov[1024];
    char *p = mmap(0, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open(device, O_RDONLY);

    for (unsigned i = 0; i < 1024; i++) {
        iov[i].base = p;
        iov[i].len = MIB;
    }
    sys_raw(SYS_readv, fd, iov, 1024);
    _exit(0);
}

/* A kill ends a call that would take long. */
static void test_kill_ends_read(void)
{
    static const char *const devices[] = {"/dev/zero", "/dev/urandom"};
    long most = allowed(500);

    for (size_t i = 0; i < TAP_COUNT(devices); i++) {
        pid_t pid = fork();
        int status;
        long start;

        if (pid == 0)
            read_for_ever(devices[i]);
        CHECK(pid > 0);
        tap_pause_ms(50);
        start = milliseconds();
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, SIGKILL));
        CHECK(tap_in_time(milliseconds() - start, most));
    }
}

static int memory_file(size_t bytes)
{
    int fd = (int)sys_raw(SYS_memfd_create, "memory", 2); /* one that can be sealed */

    CHECK(fd >= 0);
    CHECK_EQ(sys_raw(SYS_ftruncate, fd, bytes), 0);
    return fd;
}

/* A kill ends a call that brings many pages: the last ones, of another file, never come. */
static void test_kill_ends_populate(void)
{
    const unsigned pieces = 600;
    int fd = memory_file(MIB), last = memory_file(MIB);
    char *p = mmap(0, (pieces + 1) * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct stat st;
    pid_t pid;

    CHECK(p != MAP_FAILED);
    for (unsigned i = 0; i <= pieces; i++)
        CHECK(mmap(p + i * MIB, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                   i < pieces ? fd : last, 0) == p + i * MIB);
    pid = fork();
    if (pid == 0)
        _exit(madvise(p, (pieces + 1) * MIB, MADV_POPULATE_WRITE) != 0);
    CHECK(pid > 0);
    tap_pause_ms(20);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(fstat(last, &st), 0);
    CHECK_EQ(st.st_blocks, 0);
}

/* Who maps a file after mlockall(MCL_FUTURE), which takes a while, does not keep others from
 * writing to it: true if a write began and ended meanwhile. */
static bool writes_meanwhile(volatile int *stage)
{
    const size_t bytes = 40 * MIB;
    int fd = memory_file(bytes);
    pid_t pid = fork();
    bool meanwhile;

    if (pid == 0) {
        if (sys_raw(SYS_mlockall, 2))
            _exit(1);
        *stage = 1;
        mmap(0, bytes, PROT_READ, MAP_SHARED, fd, 0);
        *stage = 2;
        _exit(0);
    }
    CHECK(pid > 0);
    while (*stage == 0)
        tap_pause_ms(1);
    tap_pause_ms(5);
    CHECK_EQ(write(fd, "x", 1), 1);
    tap_pause_ms(5); /* it would be over soon if we had waited for it */
    meanwhile = *stage == 1;
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    close(fd);
    *stage = 0;
    return meanwhile;
}

static void test_write_to_what_is_mapped(void)
{
    volatile int *stage = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool meanwhile = false;

    CHECK(stage != MAP_FAILED);
    for (int i = 0; i < 10 && !meanwhile; i++)
        meanwhile = writes_meanwhile(stage);
    CHECK(meanwhile);
}

static void read_all(const char *path)
{
    char buf[512];
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return;
    while (read(fd, buf, sizeof(buf)) > 0)
        continue;
    close(fd);
}

/* Audits at the same time, with others about that come and go. */
static void test_audits_side_by_side(void)
{
    for (int i = 0; i < 6; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            for (int k = 0; k < 5; k++) {
                read_all(i & 1 ? "/proc/1/../vmcheck" : "/proc/vmcheck");
                if (fork() == 0)
                    _exit(0);
                wait(NULL);
            }
            _exit(0);
        }
        CHECK(pid > 0);
    }
    while (wait(NULL) > 0)
        continue;
}

/* Wants the lock of all processes again and again, in every second child with that of all names
 * held: the path leads through a link that knows its process. */
static void fights_for_a_lock(bool holds_another)
{
    for (;;)
        if (holds_another)
            access("/proc/self/exe", 0);
        else
            kill(0, 0);
}

/* An audit stops who only wants a lock, and waits for who wants it and holds another. */
static void test_audits_of_a_fight(void)
{
    pid_t pids[8];

    if (!tap_on_quire())
        tap_skip("no audit here");
    CHECK_EQ(setpgid(0, 0), 0);
    for (unsigned i = 0; i < TAP_COUNT(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            fights_for_a_lock(i & 1);
        CHECK(pids[i] > 0);
    }
    for (uint32_t i = tap_count(15, 500); i > 0; i--) {
        CHECK(tap_frames() >= 0);
        tap_pause_ms(1);
    }
    for (unsigned i = 0; i < TAP_COUNT(pids); i++) {
        CHECK_EQ(kill(pids[i], SIGKILL), 0);
        CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
    }
}

/* The tables of a process that is just leaving its memory. */
static void test_proc_of_the_dying(void)
{
    static const char *const files[] = {"pt", "pmap", "maps", "status", "stat", "cmdline"};

    for (int i = 0; i < 60; i++) {
        pid_t pid = fork();
        char path[64];

        if (pid == 0) {
            for (;;) {
                char *p =
                    mmap(0, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                for (unsigned o = 0; p != MAP_FAILED && o < 64 * MIB; o += MIB)
                    p[o] = 1;
                munmap(p, 64 * MIB);
            }
        }
        CHECK(pid > 0);
        tap_pause_ms(i % 7);
        kill(pid, SIGKILL);
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i % (int)TAP_COUNT(files)]);
        read_all(path);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
}

/* Much to clear: the exit waits for whoever reads its tables. */
static void fills_and_exits(void)
{
    for (int i = 0; i < 100; i++) {
        char *p = mmap(0, 2 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        for (unsigned o = 0; p != MAP_FAILED && o < 2 * MIB; o += MIB / 8)
            p[o] = 1;
    }
    tap_pause_ms(5);
    _exit(0);
}

/* An audit that meets an exit, which waits for a reader of its page table. */
static void test_audit_of_an_exit(void)
{
    if (!tap_on_quire())
        tap_skip("no audit here");
    for (int round = 0; round < 4; round++) {
        pid_t dying = fork(), reader;
        char path[32];

        if (dying == 0)
            fills_and_exits();
        CHECK(dying > 0);
        snprintf(path, sizeof(path), "/proc/%d/pt", (int)dying);
        reader = fork();
        if (reader == 0) {
            while (access(path, 0) == 0)
                read_all(path);
            _exit(0);
        }
        CHECK(reader > 0);
        for (int i = 0; i < 10; i++)
            CHECK(tap_frames() >= 0);
        CHECK_EQ(waitpid(dying, NULL, 0), dying);
        CHECK_EQ(waitpid(reader, NULL, 0), reader);
    }
}

/* Gets so many random bytes that it takes seconds, or makes so much memory coherent. */
static void calls_for_long(int kind)
{
    const unsigned bytes = kind ? 512 * MIB : 32 * MIB;
    char *p = mmap(0, bytes, kind ? PROT_READ : PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (;;)
        if (kind)
            sys_raw(SYS_arm_cacheflush, p, p + bytes, 0);
        else
            sys_raw(SYS_getrandom, p, bytes, 0);
}

/* An audit stops the machine; it must not wait for the end of a call that takes long. */
static void test_audit_during_long_calls(void)
{
    static const char *const devices[] = {"/dev/zero", "/dev/urandom"};
    long most;

    if (!tap_on_quire())
        tap_skip("no audit here");
    most = allowed(1000);
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        long start;

        if (pid == 0 && i < 2)
            read_for_ever(devices[i]);
        if (pid == 0)
            calls_for_long(i - 2);
        CHECK(pid > 0);
        tap_pause_ms(50);
        start = milliseconds();
        CHECK(tap_frames() >= 0);
        CHECK(tap_in_time(milliseconds() - start, most));
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
        CHECK(tap_in_time(milliseconds() - start, 2 * most));
    }
}

/* Many processes that share many tables: those are looked at once. */
static void test_audit_of_many_sharers(void)
{
    const size_t bytes = 800 * MIB;
    char *p = mmap(0, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t pids[80];
    long start, most;

    if (!tap_on_quire())
        tap_skip("no audit here");
    most = allowed(1500);
    CHECK(p != MAP_FAILED);
    for (size_t i = 0; i < bytes; i += 2 * MIB)
        CHECK_EQ(*(volatile char *)(p + i), 0);
    for (unsigned i = 0; i < TAP_COUNT(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            tap_pause_ms(60000);
            _exit(0);
        }
        CHECK(pids[i] > 0);
    }
    start = milliseconds();
    CHECK(tap_frames() >= 0);
    CHECK(tap_in_time(milliseconds() - start, most));
    for (unsigned i = 0; i < TAP_COUNT(pids); i++) {
        CHECK_EQ(kill(pids[i], SIGKILL), 0);
        CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
    }
}

static int exits_at_once(void *arg)
{
    (void)arg;
    return 5;
}

/* Group 1 is init's, not everybody. */
static void test_waitid_group_one(void)
{
    int info[32];
    pid_t pid = fork();

    if (pid == 0)
        _exit(exits_at_once(NULL));
    CHECK(pid > 0);
    tap_pause_ms(20);
    CHECK_EQ(sys_raw(SYS_waitid, 2, 1, info, 4, 0), -10);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"the scratch register is a thread's own", test_scratch_register},
        {"a kill ends a long read", test_kill_ends_read},
        {"audits side by side", test_audits_side_by_side},
        {"audits while a lock is fought for", test_audits_of_a_fight},
        {"a kill ends a call that brings many pages", test_kill_ends_populate},
        {"a write to a file that is being mapped", test_write_to_what_is_mapped},
        {"/proc of the dying", test_proc_of_the_dying},
        {"an audit that meets an exit", test_audit_of_an_exit},
        {"an audit during long calls", test_audit_during_long_calls},
        {"an audit of many sharers", test_audit_of_many_sharers},
        {"waitid for group 1", test_waitid_group_one},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
