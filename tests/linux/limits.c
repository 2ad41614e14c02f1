/* SPDX-License-Identifier: MIT
 *
 * Theme limits: setting and reading them, who may, and what happens at each. Limits that a system
 * chooses itself (descriptors, processes, signals) are set before they are shown.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "compare.h"

static void show_limit(int resource)
{
    struct rlimit l;

    if (syscall(SYS_ugetrlimit, resource, &l.rlim_cur) == 0) {
        uint32_t *narrow = (uint32_t *)&l;

        say("limit %d: %ld %ld", resource, (long)(int32_t)narrow[0], (long)(int32_t)narrow[1]);
    } else {
        say("limit %d: %s", resource, error_name(errno));
    }
}

static long set(int resource, uint32_t soft, uint32_t hard)
{
    uint32_t l[2] = {soft, hard};

    return syscall(SYS_setrlimit, resource, l);
}

static long set_soft(int resource, uint32_t soft)
{
    return set(resource, soft, ~0u);
}

static void drop(void)
{
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
}

static void rules(void)
{
    uint64_t wide[2] = {1 << 20, 2 << 20}, old[2];

    show_limit(RLIMIT_CPU);
    show_limit(RLIMIT_FSIZE);
    show_limit(RLIMIT_DATA);
    show_limit(RLIMIT_STACK);
    show_limit(RLIMIT_CORE);
    show_limit(RLIMIT_RSS);
    show_limit(RLIMIT_AS);
    show_limit(RLIMIT_LOCKS);
    show_limit(RLIMIT_MEMLOCK);
    show_limit(RLIMIT_MSGQUEUE);
    show_limit(RLIMIT_NICE);
    show_limit(RLIMIT_RTPRIO);
    show_limit(RLIMIT_RTTIME);
    show_limit(16);
    show_limit(-1);
    CALL(set(16, 1, 1));
    CALL(syscall(SYS_setrlimit, RLIMIT_CORE, 1));
    CALL(syscall(SYS_ugetrlimit, RLIMIT_CORE, 1));
    CALL(set(RLIMIT_CORE, 2, 1));
    CALL(set(RLIMIT_CORE, 100, 200));
    show_limit(RLIMIT_CORE);
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, wide, old));
    say("old %lld %lld", old[0], old[1]);
    show_limit(RLIMIT_CORE);
    wide[1] = ~0ull;
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, wide, NULL));
    show_limit(RLIMIT_CORE);
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, old));
    say("old %lld %lld", old[0], old[1]);
    wide[1] = 1ull << 33;
    wide[0] = 5ull << 33;
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, wide, NULL));
    wide[0] = 1;
    CALL(syscall(SYS_prlimit64, getpid(), RLIMIT_CORE, wide, NULL));
    show_limit(RLIMIT_CORE);
    CALL(syscall(SYS_prlimit64, 30000, RLIMIT_CORE, NULL, old));
    CALL(syscall(SYS_prlimit64, -1, RLIMIT_CORE, NULL, old));
    CALL(syscall(SYS_prlimit64, 0, 99, NULL, old));
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, 1, NULL));
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, 1));
    CALL(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, NULL));
    CALL(set(RLIMIT_CORE, 100, 200));
    drop();
    CALL(set(RLIMIT_CORE, 150, 200));
    CALL(set(RLIMIT_CORE, 150, 201));
    CALL(set(RLIMIT_CORE, 201, 200));
    CALL(set(RLIMIT_CORE, 50, 150));
    CALL(set(RLIMIT_CORE, 50, 200));
    CALL(syscall(SYS_prlimit64, 1, RLIMIT_CORE, NULL, old));
    CALL(syscall(SYS_prlimit64, getppid(), RLIMIT_CORE, NULL, old));
    show_limit(RLIMIT_CORE);
    if (fork() == 0) {
        show_limit(RLIMIT_CORE);
        _exit(0);
    }
    wait(NULL);
}

static void others(void)
{
    uint64_t wide[2] = {7, 8}, old[2];
    pid_t pid = fork();

    if (pid == 0) {
        drop();
        pause_ms(100);
        show_limit(RLIMIT_CORE);
        _exit(0);
    }
    pause_ms(30);
    CALL(syscall(SYS_prlimit64, pid, RLIMIT_CORE, wide, old));
    waitpid(pid, NULL, 0);
}

/* More of them than fit into one word, beyond the usual limit, and in a child. */
static void many(void)
{
    struct pollfd *p = calloc(4097, sizeof *p);
    struct timeval now = {0, 0};
    uint32_t bits[32] = {0};
    struct stat st;
    int last = -1;

    for (int i = 3; i < 60; i++)
        close(i);
    show_limit(RLIMIT_NOFILE);
    say("sysconf %ld, table %d", sysconf(_SC_OPEN_MAX), getdtablesize());
    CALL(dup2(0, 1023));
    CALL(dup2(0, 1024));
    CALL(dup2(0, 300));
    CALL(close(301));
    CALL(fcntl(301, F_GETFD));
    CALL(fcntl(1023, F_SETFD, FD_CLOEXEC));
    CALL(fcntl(0, F_DUPFD, 299));
    CALL(fcntl(0, F_DUPFD, 299));
    CALL(poll(p, 1024, 0) >= 0);
    CALL(poll(p, 1025, 0));
    CALL(open("/dev/null", O_RDWR));
    CALL(dup2(3, 1000));
    bits[1000 / 32] = 1u << 1000 % 32;
    bits[3 / 32] |= 1u << 3;
    CALL(syscall(SYS__newselect, 1024, bits, 0, 0, &now));
    say("bits %x %x", bits[0], bits[1000 / 32]);
    bits[1001 / 32] |= 1u << 1001 % 32;
    CALL(syscall(SYS__newselect, 1024, bits, 0, 0, &now));
    close(1000);
    while (last < 1022) {
        last = dup(3);
        if (last < 0)
            break;
    }
    say("last %d", last);
    CALL(dup(3));
    if (fork() == 0) {
        CALL(fcntl(1023, F_GETFD));
        CALL(dup(3));
        CALL(close(700));
        CALL(dup(3));
        _exit(0);
    }
    wait(NULL);
    CALL(set(RLIMIT_NOFILE, 4096, 4096));
    CALL(dup2(3, 4095));
    CALL(dup2(3, 4096));
    CALL(dup(3));
    CALL(stat("/proc/self/fd/4095", &st));
    CALL(stat("/proc/self/fd/4094", &st));
    CALL(poll(p, 4096, 0) >= 0);
    CALL(poll(p, 4097, 0));
    CALL(set(RLIMIT_NOFILE, 100, 4096));
    CALL(fcntl(4095, F_GETFD));
    CALL(dup(3));
    free(p);
}

/* Descriptors. */
static void descriptors(void)
{
    struct pollfd p[12] = {0};
    int fds[2];

    for (int i = 3; i < 60; i++)
        close(i);
    CALL(set(RLIMIT_NOFILE, 10, 20));
    show_limit(RLIMIT_NOFILE);
    CALL(dup2(0, 9));
    CALL(dup2(0, 10));
    CALL(dup3(0, 10, 0));
    CALL(fcntl(0, F_DUPFD, 9));
    CALL(fcntl(0, F_DUPFD, 10));
    CALL(fcntl(0, F_DUPFD, 5));
    for (int i = 0; i < 6; i++)
        CALL(open("/dev/null", O_RDONLY));
    CALL(dup(0));
    CALL(pipe(fds));
    close(8);
    CALL(pipe(fds));
    CALL(open("/dev/null", O_RDONLY));
    CALL(poll(p, 10, 0) >= 0);
    CALL(poll(p, 11, 0));
    CALL(set(RLIMIT_NOFILE, 5, 20));
    CALL(write(9, "", 0));
    CALL(dup2(9, 4));
    CALL(dup2(4, 9));
    CALL(close(9));
    CALL(set(RLIMIT_NOFILE, 0, 20));
    CALL(open("/dev/null", O_RDONLY));
    CALL(dup(0));
    drop();
    CALL(set(RLIMIT_NOFILE, 21, 21));
    CALL(set(RLIMIT_NOFILE, 20, 20));
    CALL(open("/dev/null", O_RDONLY) > 0);
}

/* Files. */
static void hit(int sig)
{
    saw(" [%d]", sig);
}

static void file_sizes(void)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    struct iovec v[2] = {{"1234567890", 10}, {"abcdefghij", 10}};
    char bytes[300];

    memset(bytes, 'x', sizeof(bytes));
    action_of(SIGXFSZ, hit, 0);
    CALL(set_soft(RLIMIT_FSIZE, 100));
    CALL(write(fd, bytes, 90));
    CALL(write(fd, bytes, 90));
    CALL(write(fd, bytes, 1));
    show_seen("SIGXFSZ");
    CALL(write(fd, bytes, 0));
    CALL(pwrite(fd, bytes, 10, 95));
    CALL(pwrite(fd, bytes, 10, 100));
    CALL(pwrite(fd, bytes, 10, 1000));
    show_seen("SIGXFSZ");
    CALL(lseek(fd, 90, SEEK_SET));
    CALL(writev(fd, v, 2));
    CALL(ftruncate(fd, 100));
    CALL(ftruncate(fd, 101));
    CALL(truncate("f", 101));
    show_seen("SIGXFSZ");
    CALL(ftruncate(fd, 10));
    CALL(fallocate(fd, 0, 0, 100));
    CALL(fallocate(fd, 0, 0, 200));
    show_seen("SIGXFSZ");
    CALL(set_soft(RLIMIT_FSIZE, ~0u));
    CALL(ftruncate(fd, 500));
    CALL(set_soft(RLIMIT_FSIZE, 100));
    CALL(pwrite(fd, bytes, 10, 200));
    CALL(ftruncate(fd, 400));
    CALL(ftruncate(fd, 450));
    show_seen("SIGXFSZ");
    show_fd(fd);
    CALL(set_soft(RLIMIT_FSIZE, 0));
    CALL(pwrite(fd, bytes, 10, 0));
    show_seen("SIGXFSZ");
    signal(SIGXFSZ, SIG_IGN);
    CALL(pwrite(fd, bytes, 10, 0));
    CALL(write(open("/dev/null", O_WRONLY), bytes, 300));
    CALL(set_soft(RLIMIT_FSIZE, ~0u));
}

static void killed_by_size(void)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

    set_soft(RLIMIT_FSIZE, 5);
    pwrite(fd, "x", 1, 10);
}

/* Memory. The programs' own pages are different: room is made relative to what is there. */
static uint32_t statm(unsigned field)
{
    char bytes[256], *at = bytes;
    int fd = open("/proc/self/stat", O_RDONLY);
    long n = read(fd, bytes, sizeof(bytes) - 1);

    close(fd);
    bytes[n > 0 ? n : 0] = 0;
    at = strrchr(bytes, ')') + 2;
    for (unsigned i = 3; i < field; i++)
        at = strchr(at, ' ') + 1;
    return (uint32_t)strtoul(at, NULL, 10);
}

#define VSIZE statm(23)

static void address_space(void)
{
    uint32_t now = VSIZE;
    char *end = sbrk(0);

    CALL(set_soft(RLIMIT_AS, now + 8 * PAGE));
    CALL(fresh(0, 8));
    CALL(fresh(8, 1));
    CALL(fresh(0, 8));
    CALL(map(AT(20), PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(brk(end + 4 * PAGE));
    CALL(munmap(AT(6), 2 * PAGE));
    CALL(mremap(AT(0), 6 * PAGE, 8 * PAGE, 0));
    CALL(mremap(AT(0), 8 * PAGE, 9 * PAGE, 0));
    CALL(mremap(AT(0), 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE));
    CALL(mprotect(AT(0), 4 * PAGE, PROT_READ));
    CALL(mprotect(AT(0), 4 * PAGE, RW));
    CALL(munmap(AT(0), 4 * PAGE));
    CALL(map(AT(30), 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(map(AT(40), PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(fork() == 0 ? (_exit(0), 0) : 0);
    CALL(set_soft(RLIMIT_AS, PAGE));
    CALL(fresh(50, 1));
    CALL(munmap(AT(30), 4 * PAGE));
    CALL(fresh(50, 1));
}

static void data_size(void)
{
    char *end = sbrk(0);
    int fd = file_make("data", PAGE);

    CALL(set_soft(RLIMIT_DATA, 0));
    CALL(fresh(0, 1));
    CALL(map(AT(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(mprotect(AT(0), PAGE, RW));
    CALL(map(AT(1), PAGE, RW, SHAR_FIX, fd, 0));
    CALL(map(AT(2), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
    CALL(map(AT(3), PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(brk(end + PAGE));
    CALL(set_soft(RLIMIT_DATA, ~0u));
    CALL(fresh(0, 8));
    CALL(brk(end + PAGE));
}

static int deep(int n)
{
    volatile char page[4096];

    page[0] = (char)n;
    return n ? deep(n - 1) + page[0] : 0;
}

static void stack_small(void)
{
    set_soft(RLIMIT_STACK, 256 * 1024);
    CALL(deep(40) * 0);
    deep(100);
    say("it is there");
}

static void stack_large(void)
{
    set_soft(RLIMIT_STACK, 4 << 20);
    CALL(deep(900) * 0);
}

/* Processes: those of a user that nobody else is. */
static void processes(void)
{
    int status;

    CALL(set(RLIMIT_NPROC, 3, 3));
    CALL(fork() == 0 ? (_exit(0), 0) : 0);
    wait(NULL);
    setresgid(4321, 4321, 4321);
    setresuid(4321, 4321, 4321);
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();

        if (pid == 0)
            for (;;)
                pause();
        say("fork: %s", pid < 0 ? error_name(errno) : "ok");
    }
    say("vfork: %s", vfork() < 0 ? error_name(errno) : "ok");
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGKILL);
    pause_ms(50);
    say("with zombies: %s", fork() < 0 ? error_name(errno) : "ok");
    while (wait(&status) > 0)
        continue;
    if (fork() == 0)
        _exit(0);
    CALL(wait(NULL) > 0);
}

static void processes_elsewhere(void)
{
    set(RLIMIT_NPROC, 1, 1);
    CALL(fork() == 0 ? (_exit(0), 0) : 0);
    setresuid(4322, 4322, 4322);
    CALL(fork());
}

/* Locked memory. */
static void locking(void)
{
    CALL(set(RLIMIT_MEMLOCK, 4 * PAGE, 8 * PAGE));
    CALL(fresh(0, 20));
    CALL(mlock(AT(0), 20 * PAGE));
    CALL(munlock(AT(0), 20 * PAGE));
    drop();
    CALL(mlock(AT(0), 5 * PAGE));
    CALL(mlock(AT(0), 3 * PAGE));
    CALL(mlock(AT(0), 4 * PAGE));
    CALL(mlock(AT(2), 2 * PAGE));
    CALL(mlock(AT(10), PAGE));
    CALL(mlock2(AT(10), PAGE, MLOCK_ONFAULT));
    CALL(mlock(AT(10), 0));
    CALL(munlock(AT(0), PAGE));
    CALL(mlock(AT(10), PAGE));
    CALL(map(AT(40), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0));
    CALL(munlock(AT(0), 20 * PAGE));
    CALL(map(AT(40), 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0));
    CALL(mremap(AT(40), 4 * PAGE, 5 * PAGE, 0));
    CALL(munmap(AT(40), 4 * PAGE));
    CALL(mlockall(MCL_CURRENT));
    CALL(mlockall(MCL_FUTURE));
    CALL(map(AT(40), 5 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(map(AT(40), 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(munlockall());
    CALL(set(RLIMIT_MEMLOCK, 0, 8 * PAGE));
    CALL(mlock(AT(0), PAGE));
    CALL(mlock(AT(200), PAGE));
    CALL(mlock(AT(0), 0));
    CALL(munlock(AT(0), PAGE));
    CALL(mlockall(MCL_CURRENT));
    CALL(mlockall(0));
    CALL(map(AT(40), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0));
    CALL(munlockall());
}

/* Signals that wait. */
static void pending(void)
{
    sigset_t set_of;
    union sigval v = {0};

    sigfillset(&set_of);
    sigprocmask(SIG_SETMASK, &set_of, NULL);
    CALL(set(RLIMIT_SIGPENDING, 3, 3));
    for (int i = 0; i < 5; i++)
        CALL(sigqueue(getpid(), SIGRTMIN, v));
    CALL(sigqueue(getpid(), SIGUSR1, v));
    CALL(kill(getpid(), SIGUSR2));
    CALL(kill(getpid(), SIGRTMIN + 1));
}

static void about_system(void)
{
    struct sysinfo s;

    CALL(sysinfo(&s));
    SHOW(s.totalram * (uint64_t)s.mem_unit > 64 << 20);
    SHOW(s.freeram < s.totalram && s.freeram > 0);
    SHOW(s.procs > 1);
    SHOW(s.totalswap);
    SHOW(s.uptime >= 0 && s.uptime < 1000);
    CALL(sysinfo((void *)1));
}

void theme_limits(void)
{
    about("rules");
    IN_CHILD(rules);
    IN_CHILD(others);
    about("descriptors");
    IN_CHILD(many);
    IN_CHILD(descriptors);
    about("file sizes");
    IN_CHILD(file_sizes);
    IN_CHILD(killed_by_size);
    about("address space");
    IN_CHILD(address_space);
    IN_CHILD(data_size);
    IN_CHILD(stack_small);
    IN_CHILD(stack_large);
    about("processes");
    IN_CHILD(processes);
    IN_CHILD(processes_elsewhere);
    about("locked memory");
    IN_CHILD(locking);
    about("signals");
    IN_CHILD(pending);
    about("sysinfo");
    about_system();
}
