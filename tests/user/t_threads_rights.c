/* SPDX-License-Identifier: MIT
 *
 * What threads could get that is not theirs, or leave behind: a lock on a file that another thread
 * closed while one waited for it, what is left of a thread's user when root's thread runs a
 * program, tables of handlers that a fork and another thread's sigaction want at once, another
 * process's list of robust futexes, and files of /proc that stay open when the process becomes
 * somebody else. And timers that a thousand threads make slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "quire.h"
#include "raw_thread.h"
#include "tap.h"

#define PAGE            4096u
#define STACK           8192u
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define USER            1000

enum {
    FUTEX = 240,
    GET_ROBUST = 339,
    FCNTL64 = 221,
    OPENAT = 322,
    PRCTL = 172,
    SETRESUID = 208,
    SETUID = 213,
    PAUSE = 29,
    TIMER_CREATE = 257,
    TIMER_SETTIME = 258
};
enum { SETLK = 6, SETLKW = 7, WRITE_LOCK = 1 };

static char *stacks;
static volatile uint32_t tids[4], word, stop;

static void begin(void)
{
    stacks = mmap(NULL, 4 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stacks != MAP_FAILED);
}

static void start(unsigned i, void (*run)(void *), uint32_t arg)
{
    tids[i] = 1;
    CHECK(raw_thread(RAW_THREAD_FLAGS, stacks + (i + 1) * STACK, &tids[i], run,
                     (void *)(uintptr_t)arg) > 0);
}

static void join(unsigned i)
{
    for (uint32_t tid; (tid = tids[i]) != 0;)
        sys_raw(FUTEX, &tids[i], 0, tid, NULL);
}

static long lock_all(int fd, long command)
{
    struct {
        int16_t type, whence;
        int32_t start, len, pid;
    } l = {.type = WRITE_LOCK};

    return sys_raw(FCNTL64, fd, command, &l);
}

static void locks(void *arg)
{
    word = 1;
    word = lock_all((int)(uintptr_t)arg, SETLKW) == 0 ? 2 : 3;
}

static int can_lock(void *arg)
{
    (void)arg;
    return lock_all(open("/tmp/lock", O_RDWR), SETLK) == 0 ? 0 : 1;
}

static int closes_while_it_waits(int inherited)
{
    int fd = open("/tmp/lock", O_RDWR);

    close(inherited); /* or the end of the process lets go of the lock through it */
    begin();
    word = 0;
    start(0, locks, (uint32_t)fd);
    while (!word)
        tap_pause_ms(1);
    tap_pause_ms(30);
    CHECK(close(fd) == 0);
    join(0);
    return word == 2 ? 0 : 1;
}

static void test_lock(void)
{
    int fd = open("/tmp/lock", O_RDWR | O_CREAT, 0666);
    pid_t pid;
    int status;

    CHECK(fd >= 0 && lock_all(fd, SETLK) == 0);
    pid = fork();
    if (pid == 0)
        _exit(closes_while_it_waits(fd));
    tap_pause_ms(100);
    CHECK(close(fd) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(tap_exited_with(status, 0));
    CHECK(tap_exited_with(tap_child(can_lock, NULL), 0));
    unlink("/tmp/lock");
}

static int asks_for_robust(void *arg)
{
    uint32_t head, len;

    CHECK_EQ(sys_raw(GET_ROBUST, (long)(intptr_t)arg, &head, &len), 0);
    CHECK_EQ(sys_raw(SETUID, USER), 0);
    CHECK_EQ(sys_raw(GET_ROBUST, (long)(intptr_t)arg, &head, &len), -EPERM);
    CHECK_EQ(sys_raw(GET_ROBUST, 0, &head, &len), 0);
    return 0;
}

static void test_robust(void)
{
    CHECK(tap_exited_with(tap_child(asks_for_robust, (void *)(intptr_t)getpid()), 0));
}

static void becomes_user(void *arg)
{
    (void)arg;
    word = sys_raw(SETRESUID, USER, USER, USER) == 0 ? 1 : 2;
    for (;;)
        sys_raw(PAUSE);
}

static void run_sleep(const char *path)
{
    char *argv[] = {"sleep", "30", NULL};

    execve(path, argv, argv + 2);
    _exit(1);
}

/* Until the process runs a program of that name. */
static void wait_for_program(pid_t pid, const char *name)
{
    char path[32] = "/proc/", comm[16] = "";
    unsigned digits = 1, at = 6;

    for (pid_t n = pid; n >= 10; n /= 10)
        digits++;
    for (unsigned i = digits; i > 0; i--, pid /= 10)
        path[at + i - 1] = (char)('0' + pid % 10);
    strcpy(path + at + digits, "/comm");
    while (strncmp(comm, name, strlen(name)) != 0) {
        int fd = open(path, O_RDONLY);

        CHECK(fd >= 0 && read(fd, comm, sizeof(comm)) > 0);
        close(fd);
        tap_pause_ms(1);
    }
}

static int may_not_kill(void *arg)
{
    CHECK_EQ(sys_raw(SETUID, USER), 0);
    CHECK_EQ(sys_raw(SYS_kill, (long)(intptr_t)arg, 0), -EPERM);
    return 0;
}

static void test_exec(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        begin();
        word = 0;
        start(0, becomes_user, 0);
        while (!word)
            tap_pause_ms(1);
        run_sleep("/bin/sleep");
    }
    wait_for_program(pid, "sleep");
    CHECK(tap_exited_with(tap_child(may_not_kill, (void *)(intptr_t)pid), 0));
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, NULL, 0) == pid);
}

static void changes_handlers(void *arg)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)changes_handlers, 0};

    (void)arg;
    while (!stop)
        sys_raw(SYS_rt_sigaction, SIGUSR1, act, 0, 8);
}

/* Each child shares the table until one of the two changes it. */
static void test_handlers(void)
{
    begin();
    stop = 0;
    for (unsigned i = 0; i < 2; i++)
        start(i, changes_handlers, 0);
    for (uint32_t n = tap_count(300, 10000); n > 0; n--) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
    }
    stop = 1;
    for (unsigned i = 0; i < 2; i++)
        join(i);
}

static bool copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755), n;
    static char bytes[PAGE];

    while ((n = (int)read(in, bytes, sizeof(bytes))) > 0)
        if (write(out, bytes, (size_t)n) != n)
            n = -1;
    close(in);
    close(out);
    return n == 0;
}

/* The 28th word, where the stack is, of the stat in a directory of /proc. */
static bool tells_stack(int dir)
{
    int fd = (int)sys_raw(OPENAT, dir, "stat", O_RDONLY), n;
    char text[512], *word = text;

    n = (int)read(fd, text, sizeof(text) - 1);
    CHECK(n > 0);
    close(fd);
    text[n] = '\0';
    for (unsigned i = 1; i < 28; i++) {
        word = strchr(word, ' ');
        CHECK(word != NULL);
        word++;
    }
    return *word != '0';
}

/* A user opens files of its own process, which runs a set-id program then; a child of before has
 * them still. */
static int opens_its_own(void *arg)
{
    int comm, refs, how_to_fork, dir;
    pid_t pid;

    (void)arg;
    CHECK_EQ(sys_raw(SETUID, USER), 0);
    CHECK_EQ(sys_raw(PRCTL, PR_SET_DUMPABLE, 1), 0);
    pid = getpid();
    comm = open("/proc/self/comm", O_WRONLY);
    refs = open("/proc/self/refs", O_RDWR);
    how_to_fork = open("/proc/self/fork", O_WRONLY);
    dir = open("/proc/self", O_RDONLY);
    CHECK(comm >= 0 && refs >= 0 && how_to_fork >= 0 && tells_stack(dir));
    CHECK(write(refs, "start 1000 exec", 15) == 15);
    if (fork()) {
        run_sleep("/tmp/set_id");
        return 1;
    }
    wait_for_program(pid, "set_id");
    CHECK_EQ(sys_raw(SYS_write, comm, "mine", 4), -EINVAL);
    CHECK_EQ(sys_raw(SYS_write, refs, "start 1000", 10), -EACCES);
    CHECK_EQ(sys_raw(SYS_write, how_to_fork, "copy", 4), -EACCES);
    CHECK(!tells_stack(dir));
    CHECK_EQ(sys_raw(SYS_kill, pid, SIGKILL), 0); /* its real user may */
    return 0;
}

/* The child, which becomes a program of these rights, is killed in the end. */
static void becomes(const char *path, unsigned mode, int (*child)(void *))
{
    CHECK(copy("/bin/sleep", path));
    CHECK_EQ(sys_raw(SYS_chmod, path, mode), 0);
    CHECK(tap_killed_by(tap_child(child, NULL), SIGKILL));
    unlink(path);
}

static void test_set_id(void)
{
    becomes("/tmp/set_id", 04755, opens_its_own);
}

/* A record that waits for exec begins with no program that its user may not read. */
static int records_unreadable(void *arg)
{
    static char text[4 * PAGE];
    pid_t pid = getpid();
    int refs, n;

    (void)arg;
    CHECK_EQ(sys_raw(SETUID, USER), 0);
    CHECK_EQ(sys_raw(PRCTL, PR_SET_DUMPABLE, 1), 0);
    refs = open("/proc/self/refs", O_RDWR);
    CHECK(refs >= 0 && write(refs, "start 1000 exec", 15) == 15);
    if (fork()) {
        run_sleep("/tmp/unreadable");
        return 1;
    }
    wait_for_program(pid, "unreadable");
    tap_pause_ms(50);
    lseek(refs, 0, SEEK_SET);
    n = (int)read(refs, text, sizeof(text) - 1);
    CHECK(n > 0);
    text[n] = '\0';
    CHECK(strstr(text, "state=ended") != NULL && strstr(text, "unreadable") == NULL);
    CHECK_EQ(sys_raw(SYS_kill, pid, SIGKILL), 0);
    return 0;
}

static void test_unreadable(void)
{
    becomes("/tmp/unreadable", 0711, records_unreadable);
}

static int tells_dumpable(void *arg)
{
    (void)arg;
    return (int)sys_raw(PRCTL, PR_GET_DUMPABLE);
}

/* Root's, too. */
static void test_children(void)
{
    CHECK_EQ(sys_raw(PRCTL, PR_SET_DUMPABLE, 0), 0);
    CHECK(tap_exited_with(tap_child(tells_dumpable, NULL), 0));
    CHECK_EQ(sys_raw(PRCTL, PR_SET_DUMPABLE, 1), 0);
    CHECK(tap_exited_with(tap_child(tells_dumpable, NULL), 1));
}

#define MANY   1000u
#define TIMERS 512u
#define TINY   2048u

static void rests(void *arg)
{
    (void)arg;
    while (!stop)
        sys_raw(FUTEX, &stop, 0, 0, NULL);
}

static long milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* All of them expire, and wait in the process, where nobody takes them. */
static void set_timers(int sig)
{
    uint32_t event[16] = {0, (uint32_t)sig}, id;
    int32_t value[4] = {0, 1000, 0, 1000};

    for (unsigned i = 0; i < TIMERS; i++) {
        CHECK_EQ(sys_raw(TIMER_CREATE, 2, event, &id), 0);
        CHECK_EQ(sys_raw(TIMER_SETTIME, id, 0, value, NULL), 0);
    }
    for (long from = milliseconds(); milliseconds() - from < 500;)
        ;
}

/* Each timer asked all threads for their time, with interrupts masked. */
static void test_timers(void)
{
    static volatile uint32_t many[MANY];
    uint32_t act[5] = {1 /* SIG_IGN */, 0};
    uint64_t all = ~0ull;
    char *tiny =
        mmap(NULL, MANY * TINY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long from, ms;

    stop = 0;
    CHECK_EQ(sys_raw(SYS_rt_sigprocmask, 0, &all, NULL, 8), 0);
    for (unsigned i = 0; i < MANY; i++)
        CHECK(raw_thread(RAW_THREAD_FLAGS, tiny + (i + 1) * TINY, &many[i], rests, NULL) > 0);
    set_timers(40);
    from = milliseconds();
    CHECK_EQ(sys_raw(SYS_rt_sigaction, 40, act, 0, 8), 0);
    ms = milliseconds() - from;
    CHECK(tap_in_time(ms, 80));
    stop = 1;
    sys_raw(FUTEX, &stop, 1, MANY, NULL);
}

static const struct tap_test tests[] = {
    {"a lock on a file that was closed", test_lock},
    {"another's robust futexes", test_robust},
    {"a program of root's thread", test_exec},
    {"handlers that are shared and changed", test_handlers},
    {"files of who became set-id", test_set_id},
    {"the record of a program that may not be read", test_unreadable},
    {"children of who is not dumpable", test_children},
    {"timers of a thousand threads", test_timers},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
