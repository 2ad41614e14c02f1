/* SPDX-License-Identifier: MIT
 *
 * Everything that there is a limit for, up to the limit: an error says so, what was got can be used
 * and given back, and the next one works again. Nothing here takes all of memory (t_memory does).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "malice.h"
#include "raw_thread.h"

#define FDS              1024
#define FDS_HARD         4096
#define SYS_PRLIMIT64    369
#define SEGS             70000u
#define ARG_MAX_         (128u * 1024)
#define STACK            (8u << 20)
#define RLIMIT_CPU_      0
#define RLIMIT_STACK_    3
#define SIGXCPU_         24
#define SYS_MOUNT        21
#define SYS_UMOUNT2      52
#define SYS_FTRUNCATE    93
#define SYS_WAIT4        114
#define SYS_RT_SIGACTION 174
#define CHILDREN         100
#define TOGETHER         24

static void test_descriptors(void)
{
    const uint64_t wide[2] = {FDS_HARD, FDS_HARD};
    int last = -1, fd, other, pid, status;

    while ((fd = open("/proc/self/stat", O_RDONLY)) >= 0)
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, FDS - 1);
    CHECK_EQ(sys_raw(SYS_dup, 0), -EMFILE);
    CHECK_EQ(sys_raw(SYS_dup2, 0, FDS), -EBADF);
    CHECK_EQ(sys_raw(SYS_dup2, 0, -1), -EBADF);
    CHECK_EQ(sys_raw(SYS_fcntl64, 0, 0, FDS), -EINVAL);
    CHECK_EQ(close(last), 0);
    other = open("/", O_RDONLY);
    CHECK_EQ(other, last);
    CHECK_EQ(sys_raw(SYS_PRLIMIT64, 0, 7, wide, 0), 0);
    CHECK_EQ(sys_raw(SYS_dup2, 0, FDS_HARD - 1), FDS_HARD - 1);
    CHECK_EQ(sys_raw(SYS_dup2, 0, FDS_HARD), -EBADF);
    while ((fd = dup(0)) >= 0)
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, FDS_HARD - 2);
    pid = fork();
    if (pid == 0)
        _exit(close(FDS_HARD - 1) || dup(1) != FDS_HARD - 1);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

static void test_segments(void)
{
    char *p = mmap(0, SEGS * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long result = 0;
    uint32_t made = 0;

    CHECK(p != MAP_FAILED);
    while (made < SEGS && result == 0) {
        result = sys_raw(SYS_mprotect, p + made * PAGE, PAGE, PROT_NONE);
        made += 2;
    }
    CHECK_EQ(result, -ENOMEM);
    CHECK(made > 60000);
    result = 0;
    for (int i = 0; i < 4 && result != -ENOMEM; i++) /* unlike each other, or they become one */
        result = sys_raw(SYS_mmap2, 0, PAGE, i & 1 ? PROT_READ : PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(result, -ENOMEM);
    CHECK_EQ(sys_raw(SYS_munmap, p + PAGE, PAGE), 0);
    CHECK_EQ(munmap(p, SEGS * PAGE), 0);
    CHECK(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static void set_stack_limit(uint32_t bytes)
{
    const uint64_t limit[2] = {bytes, ~(uint64_t)0};

    CHECK_EQ(sys_raw(SYS_PRLIMIT64, 0, RLIMIT_STACK_, limit, 0), 0);
}

/* As many strings, and as long ones, as do not fit: with a small stack, and with the usual one, of
 * which they can be a quarter. */
static void test_arguments(void)
{
    static char *many[ARG_MAX_ / 4 + 2], big[ARG_MAX_ + 1], *bigs[STACK / 4 / ARG_MAX_ + 1];
    char *argv[] = {"/bin/true", big, NULL}, *none[] = {NULL};

    for (size_t i = 0; i + 1 < TAP_COUNT(many); i++)
        many[i] = "";
    set_stack_limit(4 * ARG_MAX_);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", many, none), -E2BIG);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", none, many), -E2BIG);
    set_stack_limit(STACK);
    many[0] = "/bin/true";
    CHECK(tap_exited_with(tap_program(many, false), 0));
    memset(big, 'x', ARG_MAX_);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", argv, none), -E2BIG);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", none, argv), -E2BIG);
    big[ARG_MAX_ - 1] = '\0';
    CHECK(tap_exited_with(tap_program(argv, false), 0));
    for (size_t i = 0; i + 1 < TAP_COUNT(bigs); i++)
        bigs[i] = big;
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", bigs, none), -E2BIG);
    bigs[0] = "/bin/true";
    CHECK(tap_exited_with(tap_program(bigs, false), 0));
    set_stack_limit(ARG_MAX_ / 2);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/true", argv, none), -E2BIG);
    set_stack_limit(STACK);
}

/* Many at once, each with as much as it may have: there is no memory for some, and no more. */
static void test_arguments_together(void)
{
    static char big[ARG_MAX_], *bigs[STACK / 4 / ARG_MAX_ + 1];
    int pids[TOGETHER], done = 0;

    memset(big, 'x', sizeof big - 1);
    for (size_t i = 1; i + 1 < TAP_COUNT(bigs); i++)
        bigs[i] = big;
    bigs[0] = "/bin/true";
    for (int i = 0; i < TOGETHER; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit((int)sys_raw(SYS_execve, "/bin/true", bigs, bigs + TAP_COUNT(bigs) - 1) != -ENOMEM
                      ? 2
                      : 1);
    }
    for (int i = 0; i < TOGETHER; i++) {
        int status;

        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(status == 0 || status == 1 << 8);
        done += status == 0;
    }
    CHECK(done > 0);
    for (int i = 0; i < TOGETHER; i++) /* nothing of them is left */
        CHECK(tap_exited_with(tap_program(bigs, false), 0));
}

static void spins(void *arg)
{
    (void)arg;
    for (;;)
        continue;
}

static int spins_twice(void *arg)
{
    static _Alignas(8) uint8_t stack[4096];
    static volatile uint32_t tid;
    const uint32_t ignored[5] = {1};

    (void)arg;
    sys_raw(SYS_RT_SIGACTION, SIGXCPU_, ignored, 0, 8);
    if (raw_thread(RAW_THREAD_FLAGS, stack + sizeof stack, &tid, spins, NULL) < 0)
        return 1;
    spins(NULL);
    return 2;
}

/* What is inherited holds for two threads together: at the hard limit nothing is ignored. */
static int limits_cpu(void *arg)
{
    const uint64_t seconds[2] = {1, 2};

    (void)arg;
    if (sys_raw(SYS_PRLIMIT64, 0, RLIMIT_CPU_, seconds, 0))
        return 1;
    return tap_killed_by(tap_child(spins_twice, NULL), SIGKILL) ? 0 : 2;
}

static void test_cpu_time(void)
{
    uint32_t usage[18]; /* struct rusage: first the seconds of user time */
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(limits_cpu(NULL));
    CHECK_EQ(sys_raw(SYS_WAIT4, pid, &status, 0, usage), pid);
    CHECK_EQ(status, 0);
    CHECK(usage[0] >= 1); /* some of it is the kernel's */
    CHECK(tap_in_time((long)usage[0] * 1000, 3000));
}

/* A shared mapping of more than its tmpfs may hold. */
static int fills(void *arg)
{
    volatile char *p = arg;

    for (int i = 0; i < 16; i++)
        p[i * PAGE] = 1;
    return 0;
}

static void test_full_tmpfs(void)
{
    struct stat st;
    char *p;
    int fd;

    CHECK_EQ(mkdir("/tmp/full", 0700), 0);
    CHECK_EQ(sys_raw(SYS_MOUNT, "full", "/tmp/full", "tmpfs", 0, "size=16k"), 0);
    fd = open("/tmp/full/f", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(sys_raw(SYS_FTRUNCATE, fd, 16 * PAGE), 0);
    p = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(tap_killed_by(tap_child(fills, p), SIGBUS));
    CHECK_EQ(p[3 * PAGE], 1);
    CHECK_EQ(p[4 * PAGE], 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_blocks, 4 * 8);
    CHECK_EQ(sys_raw(SYS_UMOUNT2, "/tmp/full", 0), -EBUSY);
    CHECK_EQ(munmap(p, 16 * PAGE), 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(sys_raw(SYS_UMOUNT2, "/tmp/full", 0), 0);
    CHECK_EQ(rmdir("/tmp/full"), 0);
}

static void test_paths(void)
{
    static char path[5000];
    size_t n = 0;

    while (n + 3 < 4095) {
        memcpy(path + n, "/./", 4);
        n += 2;
    }
    strcpy(path + n, "/");
    CHECK(open(path, O_RDONLY) >= 0);
    memset(path, 'a', 256);
    path[256] = '\0';
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, path, 0, 0), -LINUX_ENAMETOOLONG);
    memset(path, '/', sizeof path - 1);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, path, 0, 0), -LINUX_ENAMETOOLONG);
}

/* Through /proc/self again and again: links have their limit, too. */
static void test_links(void)
{
    char path[400] = "/proc/self";

    for (int i = 0; i < 45; i++)
        strcat(path, "/../self");
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, path, 0, 0), -LINUX_ELOOP);
}

static void test_children(void)
{
    pid_t pids[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            tap_pause_ms(60000);
            _exit(0);
        }
        CHECK(pids[i] > 0);
    }
    for (int i = 0; i < CHILDREN; i += 2)
        CHECK_EQ(kill(pids[i], SIGKILL), 0);
    for (int i = 0; i < CHILDREN; i += 2)
        CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
    for (int i = 1; i < CHILDREN; i += 2)
        CHECK_EQ(kill(pids[i], SIGKILL), 0);
    for (int i = 1; i < CHILDREN; i += 2)
        CHECK(wait(NULL) > 0);
    CHECK_EQ(wait(NULL), -1);
}

/* All of the address space in the oddest pieces. */
static void test_address_space(void)
{
    static const struct {
        uint32_t nr, addr, len;
        long wanted;
    } odd[] = {
        {SYS_munmap, 0x30000000, 0, -EINVAL},
        {SYS_munmap, 0x30000001, PAGE, -EINVAL},
        {SYS_munmap, 0x3ffff000, 2 * PAGE, -EINVAL},
        {SYS_munmap, 0x40000000, PAGE, -EINVAL},
        {SYS_munmap, 0xffff0000, PAGE, -EINVAL},
        {SYS_munmap, 0x30000000, 0xfffff000, -EINVAL},
        {SYS_munmap, 0, PAGE, 0},
        {SYS_mprotect, 0xfffff000, PAGE, -ENOMEM},
        {SYS_mprotect, 0, PAGE, -ENOMEM},
        {SYS_mprotect, 0x30000000, 0xffffffff, -ENOMEM},
        {SYS_brk, 0xffffffff, 0, 1},
        {SYS_brk, 0x3fffffff, 0, 1},
        {SYS_brk, 0, 0, 1},
    };

    for (size_t i = 0; i < TAP_COUNT(odd); i++) {
        long wanted = odd[i].wanted == 1 ? sys_raw(SYS_brk, 0) : odd[i].wanted;

        if (odd[i].nr == SYS_mprotect && odd[i].addr == 0x30000000)
            continue;
        CHECK_EQ(sys_raw(odd[i].nr, odd[i].addr, odd[i].len, PROT_READ), wanted);
    }
}

/* Each ends with everything that it stands on gone. */
static int unmaps_itself(void *arg)
{
    uintptr_t base = (uintptr_t)arg;

    sys_raw(SYS_munmap, base, 0x40000000 - base);
    return 0;
}

static int protects_itself(void *arg)
{
    uintptr_t at = (uintptr_t)arg & ~(PAGE - 1);

    sys_raw(SYS_mprotect, at, PAGE, PROT_NONE);
    return *(volatile int *)at;
}

static int maps_over_itself(void *arg)
{
    uintptr_t at = (uintptr_t)arg & ~(PAGE - 1);

    sys_raw(SYS_mmap2, at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return *(volatile int *)at;
}

static void test_own_ground(void)
{
    void *const places[] = {(void *)&test_own_ground, (void *)0x10000, __builtin_frame_address(0)};

    CHECK(tap_killed_by(tap_child(unmaps_itself, NULL), SIGSEGV));
    CHECK(tap_killed_by(tap_child(unmaps_itself, (void *)0x20000000), SIGSEGV));
    for (size_t i = 0; i < TAP_COUNT(places); i++) {
        CHECK(ended_somehow(tap_child(protects_itself, places[i])));
        CHECK(ended_somehow(tap_child(maps_over_itself, places[i])));
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"descriptors", test_descriptors},
        {"segments", test_segments},
        {"arguments", test_arguments},
        {"arguments, many at once", test_arguments_together},
        {"seconds of CPU time", test_cpu_time},
        {"a full tmpfs", test_full_tmpfs},
        {"paths", test_paths},
        {"links", test_links},
        {"children", test_children},
        {"odd ranges of addresses", test_address_space},
        {"the ground that one stands on", test_own_ground},
    };

    return malice_main(tests, TAP_COUNT(tests));
}
