/* SPDX-License-Identifier: MIT
 *
 * Every system call with pointers that it must not follow at each of its pointer arguments, by a
 * table; numbers that are no call; calls with a forged stack pointer. The answer is -EFAULT, or
 * what was done up to the bad byte, and the caller's other registers are what they were.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "malice.h"

/* Stand-ins in the table for what is made at run time. */
enum {
    BUF = 0x7a110000, /* a page of zeroes */
    PATH,             /* "/etc/motd" */
    LINK,             /* "/proc/self/exe" */
    NONE,             /* "/proc/none", which is not there and can't be made */
    FILE_FD,
    DIR_FD,
    TTY_FD,
    VECTOR, /* argv with one word */
};

#define AT LINUX_AT_FDCWD

/* A call with good arguments. `in` and `out` have a bit for each argument that is a pointer from
 * which, or to which, the kernel copies; `null` for those that may be NULL. */
struct call {
    const char *name;
    uint32_t number;
    int32_t args[5];
    uint8_t in, out, null;
};

static const struct call calls[] = {
    {"read", 3, {FILE_FD, BUF, 16}, 0, 2, 0},
    {"write", 4, {TTY_FD, BUF, 16}, 2, 0, 0},
    {"open", 5, {PATH}, 1, 0, 0},
    {"link", 9, {PATH, PATH}, 3, 0, 0},
    {"unlink", 10, {NONE}, 1, 0, 0},
    {"execve", 11, {PATH, VECTOR, VECTOR}, 7, 0, 6},
    {"chdir", 12, {PATH}, 1, 0, 0},
    {"mknod", 14, {PATH, 0100600, 0}, 1, 0, 0},
    {"chmod", 15, {NONE, 0644}, 1, 0, 0},
    {"access", 33, {PATH}, 1, 0, 0},
    {"rename", 38, {NONE, NONE}, 3, 0, 0},
    {"mkdir", 39, {PATH, 0700}, 1, 0, 0},
    {"rmdir", 40, {NONE}, 1, 0, 0},
    {"pipe", 42, {BUF}, 0, 1, 0},
    {"times", 43, {BUF}, 0, 1, 1},
    {"ioctl TCGETS", 54, {TTY_FD, 0x5401, BUF}, 0, 4, 0},
    {"ioctl TCSETS", 54, {TTY_FD, 0x5402, BUF}, 4, 0, 0},
    {"ioctl TIOCGPGRP", 54, {TTY_FD, 0x540f, BUF}, 0, 4, 0},
    {"ioctl TIOCSPGRP", 54, {TTY_FD, 0x5410, BUF}, 4, 0, 0},
    {"ioctl TIOCGWINSZ", 54, {TTY_FD, 0x5413, BUF}, 0, 4, 0},
    {"ioctl TIOCSWINSZ", 54, {TTY_FD, 0x5414, BUF}, 4, 0, 0},
    {"ioctl FIONREAD", 54, {TTY_FD, 0x541b, BUF}, 0, 4, 0},
    {"getrlimit", 76, {3, BUF}, 0, 2, 0},
    {"gettimeofday", 78, {BUF, BUF}, 0, 3, 3},
    {"symlink", 83, {PATH, PATH}, 3, 0, 0},
    {"readlink", 85, {LINK, BUF, 64}, 1, 2, 0},
    {"truncate", 92, {NONE, 0}, 1, 0, 0},
    {"sysinfo", 116, {BUF}, 0, 1, 0},
    {"uname", 122, {BUF}, 0, 1, 0},
    {"_llseek", 140, {FILE_FD, 0, 0, BUF, 0}, 0, 8, 0},
    {"_newselect", 142, {1, BUF, BUF, BUF, BUF}, 14, 0, 14},
    {"readv", 145, {FILE_FD, BUF, 1}, 2, 0, 0},
    {"writev", 146, {TTY_FD, BUF, 1}, 2, 0, 0},
    {"sched_getparam", 155, {0, BUF}, 0, 2, 2},
    {"sched_setscheduler", 156, {0, 0, BUF}, 4, 0, 4},
    {"sched_rr_get_interval", 161, {0, BUF}, 0, 2, 0},
    {"nanosleep", 162, {BUF}, 1, 0, 0},
    {"poll", 168, {BUF, 1, 0}, 1, 0, 0},
    {"prctl PR_SET_NAME", 172, {15, BUF}, 2, 0, 0},
    {"prctl PR_GET_NAME", 172, {16, BUF}, 0, 2, 0},
    {"rt_sigaction", 174, {1, BUF, BUF, 8}, 2, 4, 6},
    {"pread64", 180, {FILE_FD, BUF, 16}, 0, 2, 0},
    {"getcwd", 183, {BUF, 64}, 0, 1, 0},
    {"truncate64", 193, {NONE, 0, 0, 0}, 1, 0, 0},
    {"ugetrlimit", 191, {3, BUF}, 0, 2, 0},
    {"stat64", 195, {PATH, BUF}, 1, 2, 0},
    {"lstat64", 196, {PATH, BUF}, 1, 2, 0},
    {"fstat64", 197, {FILE_FD, BUF}, 0, 2, 0},
    {"getresuid32", 209, {BUF, BUF, BUF}, 0, 7, 0},
    {"getdents64", 217, {DIR_FD, BUF, 512}, 0, 2, 0},
    {"fcntl F_GETLK", 221, {FILE_FD, 5, BUF}, 4, 0, 0},
    {"fcntl F_SETLK64", 221, {FILE_FD, 13, BUF}, 4, 0, 0},
    {"sched_setaffinity", 241, {0, 4, BUF}, 4, 0, 0},
    {"sched_getaffinity", 242, {0, 4, BUF}, 0, 4, 0},
    {"clock_settime", 262, {0, BUF}, 2, 0, 0},
    {"clock_gettime", 263, {1, BUF}, 0, 2, 0},
    {"clock_getres", 264, {1, BUF}, 0, 2, 2},
    {"clock_nanosleep", 265, {1, 0, BUF}, 4, 0, 0},
    {"statfs64", 266, {PATH, 88, BUF}, 1, 4, 0},
    {"fstatfs64", 267, {FILE_FD, 88, BUF}, 0, 4, 0},
    {"socketpair", 288, {1, 1, 0, BUF}, 0, 8, 0},
    {"shmctl IPC_INFO", 308, {0, 0x103, BUF}, 0, 4, 0},
    {"shmctl SHM_INFO", 308, {0, 0x10e, BUF}, 0, 4, 0},
    {"openat", 322, {AT, PATH}, 2, 0, 0},
    {"mkdirat", 323, {AT, PATH, 0700}, 2, 0, 0},
    {"fchownat", 325, {AT, NONE, -1, -1, 0}, 2, 0, 0},
    {"fstatat64", 327, {AT, PATH, BUF}, 2, 4, 0},
    {"unlinkat", 328, {AT, NONE, 0}, 2, 0, 0},
    {"renameat", 329, {AT, NONE, AT, NONE}, 10, 0, 0},
    {"linkat", 330, {AT, PATH, AT, PATH, 0}, 10, 0, 0},
    {"symlinkat", 331, {PATH, AT, PATH}, 5, 0, 0},
    {"readlinkat", 332, {AT, LINK, BUF, 64}, 2, 4, 0},
    {"faccessat", 334, {AT, PATH}, 2, 0, 0},
    {"pselect6", 335, {1, BUF, BUF, BUF, BUF}, 14, 0, 14},
    {"ppoll", 336, {BUF, 1, BUF, 0, 0}, 1, 0, 0},
    {"getcpu", 345, {BUF, BUF}, 0, 3, 3},
    {"utimensat", 348, {AT, NONE, BUF, 0}, 6, 0, 4},
    {"pipe2", 359, {BUF, 0}, 0, 1, 0},
    {"preadv", 361, {FILE_FD, BUF, 1, 0, 0}, 2, 0, 0},
    {"prlimit64", 369, {0, 3, 0, BUF}, 0, 8, 8},
    {"getrandom", 384, {BUF, 16}, 0, 1, 0},
    {"memfd_create", 385, {BUF, 0}, 1, 0, 0},
    {"statx", 397, {AT, PATH, 0, 0x7ff, BUF}, 2, 16, 0},
    {"clock_gettime64", 403, {1, BUF}, 0, 2, 0},
    {"clock_settime64", 404, {0, BUF}, 2, 0, 0},
    {"clock_getres_time64", 406, {1, BUF}, 0, 2, 2},
    {"clock_nanosleep_time64", 407, {1, 0, BUF}, 4, 0, 0},
    {"pselect6_time64", 413, {1, BUF, BUF, BUF, BUF}, 14, 0, 14},
    {"ppoll_time64", 414, {BUF, 1, BUF, 0, 0}, 1, 0, 0},
};

static char *page; /* with a hole behind it */
static int file_fd, dir_fd, tty_fd;

static int32_t resolve(int32_t arg)
{
    static char *vector[] = {"x", NULL};

    switch (arg) {
    case BUF: return (int32_t)page;
    case PATH: return (int32_t) "/etc/motd";
    case NONE: return (int32_t) "/proc/none";
    case LINK: return (int32_t) "/proc/self/exe";
    case FILE_FD: return file_fd;
    case DIR_FD: return dir_fd;
    case TTY_FD: return tty_fd;
    case VECTOR: return (int32_t)vector;
    default: return arg;
    }
}

static void prepare(void)
{
    page = page_before_hole();
    file_fd = open("/etc/motd", O_RDONLY);
    dir_fd = open("/", O_RDONLY | O_DIRECTORY);
    tty_fd = open("/dev/console", O_RDWR);
    CHECK(page != MAP_FAILED && file_fd >= 0 && dir_fd >= 0 && tty_fd >= 0);
}

/* The call with `pointer` at one place: its result. */
static long call_with(const struct call *c, unsigned place, uintptr_t pointer)
{
    int32_t a[5];

    memset(page, 0, PAGE / 2); /* an earlier result is no argument */
    memset(page + PAGE / 2, 0xff, PAGE / 2);
    for (unsigned i = 0; i < 5; i++)
        a[i] = i == place ? (int32_t)pointer : resolve(c->args[i]);
    long result = sys_raw((long)c->number, a[0], a[1], a[2], a[3], a[4], 0);
    for (int fd = tty_fd + 1; close(fd) == 0; fd++) /* what it opened */
        continue;
    return result;
}

static void expect_fault(const struct call *c, unsigned place, uintptr_t pointer)
{
    long result = call_with(c, place, pointer);

    if (result == -EFAULT)
        return;
    printf("%s# %s with %08lx as argument %u\n", tap_indent(), c->name, (unsigned long)pointer,
           place + 1);
    CHECK_EQ(result, -EFAULT);
}

/* Calls check for each pointer argument of each call that mask has. */
static void for_each_pointer(void (*check)(const struct call *, unsigned), bool in, bool out)
{
    for (const struct call *c = calls; c < calls + TAP_COUNT(calls); c++)
        for (unsigned place = 0; place < 5; place++)
            if (((in ? c->in : 0) | (out ? c->out : 0)) >> place & 1)
                check(c, place);
}

static void check_wild(const struct call *c, unsigned place)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        expect_fault(c, place, bad_pointers[i]);
    for (size_t i = 0; i < TAP_COUNT(kernel_addresses); i++)
        if (kernel_addresses[i] || !(c->null >> place & 1))
            expect_fault(c, place, kernel_addresses[i]);
    expect_fault(c, place, (uintptr_t)page + PAGE);
}

static void test_wild(void)
{
    prepare();
    for_each_pointer(check_wild, true, true);
}

static char *none, *fixed;

static void check_no_access(const struct call *c, unsigned place)
{
    expect_fault(c, place, (uintptr_t)none);
}

static void check_no_write(const struct call *c, unsigned place)
{
    expect_fault(c, place, (uintptr_t)fixed);
    expect_fault(c, place, (uintptr_t)prepare & ~3u);
}

static void test_protected(void)
{
    prepare();
    none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fixed = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for_each_pointer(check_no_access, true, true);
    for_each_pointer(check_no_write, false, true);
}

/* The last bytes before a hole: a structure that ends there is fine, one that does not is refused
 * or filled as far as it goes; a string without an end is refused. All ones are no time to sleep.
 */
static void check_edge(const struct call *c, unsigned place)
{
    if (c->args[0] == TTY_FD && c->in >> place & 1)
        return; /* would set or print something */
    for (unsigned room = 1; room <= 17; room++) {
        long result = call_with(c, place, (uintptr_t)page + PAGE - room);

        if (result >= -4095 && result < 0 && result != -EFAULT && result != -EINVAL &&
            result != -ENOENT && result != -LINUX_ENAMETOOLONG && result != -ERANGE)
            expect_fault(c, place, (uintptr_t)page + PAGE - room);
    }
}

static void test_edges(void)
{
    prepare();
    for_each_pointer(check_edge, true, true);
}

/* One of them must not be run to the end: a number that is no call beyond the private ones. */
static int makes_impossible_call(void *arg)
{
    sys_raw((long)(uintptr_t)arg, 0, 0, 0, 0, 0, 0);
    return 0;
}

static void test_numbers(void)
{
    static const uint32_t refused[] = {7,       17,      500,     511,     512,    4095,
                                       0xeffff, 0xf0000, 0xf0001, 0xf0003, 0xf07ff};
    static const uint32_t impossible[] = {0xf0800,    0x100000,   0x900004,  0x7fffffff,
                                          0x80000000, 0xfffffffe, 0xffffffff};

    for (size_t i = 0; i < TAP_COUNT(refused); i++)
        CHECK_EQ(sys_raw((long)refused[i], 0, 0, 0, 0, 0, 0), -LINUX_ENOSYS);
    for (size_t i = 0; i < TAP_COUNT(impossible); i++)
        CHECK(tap_killed_by(tap_child(makes_impossible_call, (void *)(uintptr_t)impossible[i]),
                            SIGILL));
}

static void check_forged(uint32_t number, uint32_t sp, long wanted)
{
    uint32_t regs[14], before[14];

    for (uint32_t i = 0; i < 13; i++)
        before[i] = regs[i] = 0xf0f00000u + i;
    before[FORGED_NUMBER] = regs[FORGED_NUMBER] = number;
    before[FORGED_SP] = regs[FORGED_SP] = sp;
    call_forged(regs);
    CHECK_EQ(regs[0], wanted);
    CHECK_EQ(memcmp(regs + 1, before + 1, sizeof regs - sizeof regs[0]), 0);
}

/* A call needs no stack of the caller's, and changes none of its registers but r0. */
static void test_forged_registers(void)
{
    for (size_t i = 0; i < TAP_COUNT(kernel_addresses); i++) {
        check_forged(20, kernel_addresses[i], getpid());
        check_forged(158, kernel_addresses[i], 0);             /* sched_yield */
        check_forged(3, kernel_addresses[i], -EBADF);          /* read */
        check_forged(122, kernel_addresses[i], -EFAULT);       /* uname */
        check_forged(400, kernel_addresses[i], -LINUX_ENOSYS); /* none */
    }
}

static int forks_on_forged_stack(void *arg)
{
    uint32_t regs[14] = {[FORGED_NUMBER] = 2, [FORGED_SP] = (uint32_t)(uintptr_t)arg};

    call_forged(regs);
    if (regs[0] == 0)
        _exit(0);
    CHECK_EQ(regs[FORGED_SP], (uint32_t)(uintptr_t)arg);
    CHECK_EQ(waitpid((pid_t)regs[0], NULL, 0), (pid_t)regs[0]);
    return 0;
}

static int uses_forged_stack(void *arg)
{
    __asm__ volatile("mov sp, %0\n\tpush {r0-r3}" ::"r"(arg) : "memory");
    return 0;
}

static void test_forged_stack(void)
{
    for (size_t i = 0; i < TAP_COUNT(kernel_addresses); i++) {
        void *sp = (void *)(kernel_addresses[i] & ~3u);

        CHECK(tap_exited_with(tap_child(forks_on_forged_stack, sp), 0));
        if (sp != (void *)0x40000000) /* below it may be the stack */
            CHECK(tap_killed_by(tap_child(uses_forged_stack, sp), SIGSEGV));
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"wild pointers at each argument", test_wild},
        {"pages without the right at each argument", test_protected},
        {"the last bytes of a page at each argument", test_edges},
        {"numbers that are no call", test_numbers},
        {"forged registers in a call", test_forged_registers},
        {"a forged stack", test_forged_stack},
    };

    return malice_main(tests, TAP_COUNT(tests));
}
