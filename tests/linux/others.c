/* SPDX-License-Identifier: MIT
 *
 * Theme others: what a program that dropped root may do to others: signals, shared segments, what
 * /proc shows of them, the machine.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

static void dropped(void)
{
    drop_to(1000, 1000);
}

/* Others. */

static pid_t sleeper(uid_t r, uid_t e, uid_t s)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        setresuid(r, e, s);
        for (;;)
            pause();
    }
    pause_ms(30);
    return pid;
}

static pid_t target;

static void signalling(void)
{
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = -1};

    CALL(kill(target, 0));
    CALL(syscall(SYS_tkill, target, 0));
    CALL(syscall(SYS_tgkill, target, target, 0));
    CALL(syscall(SYS_rt_sigqueueinfo, target, 0, &info));
    CALL(kill(target, SIGCONT));
    CALL(kill(-target, 0));
    CALL(kill(30000, 0));
}

static void signal_as_user(void)
{
    dropped();
    signalling();
}

static void signal_as_half(void)
{
    setresuid(1000, 2, 3);
    signalling();
}

static void signal_all(void)
{
    dropped();
    CALL(kill(1, SIGKILL));
    CALL(kill(1, 0));
    CALL(kill(0, 0));
    CALL(kill(getppid(), SIGTERM));
    CALL(kill(getppid(), SIGCONT));
    CALL(kill(getpid(), 0));
}

static void one_target(uid_t r, uid_t e, uid_t s)
{
    say("# target %u %u %u", r, e, s);
    target = sleeper(r, e, s);
    IN_CHILD(signalling);
    IN_CHILD(signal_as_user);
    IN_CHILD(signal_as_half);
    kill(target, SIGKILL);
    waitpid(target, NULL, 0);
}

static void noted(int sig, siginfo_t *info, void *context)
{
    (void)context;
    saw(" [%d code %d uid %d]", sig, info->si_code, (int)info->si_uid);
}

static void send_back(void)
{
    dropped();
    CALL(kill(target, SIGUSR1));
}

static void who_sent(void)
{
    siginfo_t info;
    pid_t pid;

    action_of(SIGUSR1, noted, SA_SIGINFO);
    raise(SIGUSR1);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
    setresuid(0, 1000, 1000);
    kill(getpid(), SIGUSR1);
    setresuid(1000, 0, 0);
    kill(getpid(), SIGUSR1);
    show_seen("who sent");
    action_of(SIGCHLD, noted, SA_SIGINFO);
    pid = fork();
    if (pid == 0) {
        setresuid(77, 78, 79);
        _exit(0);
    }
    waitid(P_PID, pid, &info, WEXITED);
    say("waitid: uid %d", (int)info.si_uid);
    show_seen("who died");
}

static int shm_id;

static void segments(void)
{
    struct shmid_ds d;

    CALL(shmget(0x1234, 4096, 0) == shm_id);
    CALL(shmget(0x1234, 4096, 0600) == shm_id);
    CALL(shmget(0x1234, 4096, 0006) == shm_id);
    CALL(shmat(shm_id, NULL, SHM_RDONLY) != (void *)-1);
    CALL(shmat(shm_id, NULL, 0) != (void *)-1);
    CALL(shmctl(shm_id, IPC_STAT, &d));
    CALL(shmctl(shm_id, IPC_SET, &d));
    CALL(shmctl(shm_id, SHM_LOCK, NULL));
    CALL(shmctl(shm_id, IPC_RMID, NULL));
}

static void segments_of_user(void)
{
    dropped();
    segments();
}

static void one_segment(unsigned mode, uid_t uid, gid_t gid)
{
    struct shmid_ds d;

    say("# segment %o %u:%u", mode, uid, gid);
    shm_id = shmget(0x1234, 4096, IPC_CREAT | mode);
    CALL(shmctl(shm_id, IPC_STAT, &d));
    d.shm_perm.uid = uid;
    d.shm_perm.gid = gid;
    CALL(shmctl(shm_id, IPC_SET, &d));
    CALL(shmctl(shm_id, IPC_STAT, &d));
    say("%o %u:%u made by %u:%u", d.shm_perm.mode, d.shm_perm.uid, d.shm_perm.gid, d.shm_perm.cuid,
        d.shm_perm.cgid);
    IN_CHILD(segments_of_user);
    shmctl(shm_id, IPC_RMID, NULL);
}

static void show_proc(const char *format)
{
    char path[64], bytes[64];
    int fd;

    snprintf(path, sizeof(path), format, (int)target);
    fd = open(path, O_RDONLY);
    say("open %s: %s", format, fd < 0 ? error_name(errno) : "ok");
    close(fd);
}

static void show_proc_all(void)
{
    char path[64], bytes[64];
    long n;

    show_proc("/proc/%d/maps");
    show_proc("/proc/%d/status");
    show_proc("/proc/%d/stat");
    show_proc("/proc/%d/cmdline");
    show_proc("/proc/%d/exe");
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)target);
    n = readlink(path, bytes, sizeof(bytes));
    say("readlink exe: %s", n < 0 ? error_name(errno) : "ok");
}

static void proc_of_user(void)
{
    char line[128];
    struct stat s;
    FILE *f;

    dropped();
    show_proc_all();
    stat("/proc/self", &s);
    say("/proc/self: %u:%u", s.st_uid, s.st_gid);
    f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) || strstr(line, "Groups") ||
            strstr(line, "Cap") || strstr(line, "NoNew"))
            say("%.*s", (int)strcspn(line, "\n"), line);
}

/* Who becomes somebody else is not looked at by that one until exec. */

static void show_one(const char *name)
{
    char path[64], to[64];
    struct stat s;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", target, name);
    if (lstat(path, &s) < 0) {
        say("%s: %s", name, error_name(errno));
        return;
    }
    fd = S_ISLNK(s.st_mode) ? (int)readlink(path, to, sizeof(to)) : open(path, O_RDONLY);
    say("%s: mode %o, of %u:%u, %s", name, s.st_mode, s.st_uid, s.st_gid,
        fd < 0 ? error_name(errno) : "open");
    if (!S_ISLNK(s.st_mode))
        close(fd);
}

static void look_as_user(void)
{
    static const char *const names[] = {"",    "stat", "status", "maps", "environ",
                                        "exe", "cwd",  "fd",     "task"};

    dropped();
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        show_one(names[i]);
}

static void show_dumpable(void)
{
    SHOW(prctl(PR_GET_DUMPABLE));
}

/* What it may still do with its own files in /proc. */
static void look_at_own(void)
{
    char path[64], to[64];

    say("fd: %s", open("/proc/self/fd", O_RDONLY) < 0 ? error_name(errno) : "open");
    say("fd/1: %s", open("/proc/self/fd/1", O_WRONLY) < 0 ? error_name(errno) : "open");
    say("fd/1 leads: %s",
        readlink("/proc/self/fd/1", to, sizeof(to)) < 0 ? error_name(errno) : "yes");
    say("comm to write: %s", open("/proc/self/comm", O_WRONLY) < 0 ? error_name(errno) : "open");
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", getpid());
    say("the thread's: %s", open(path, O_WRONLY) < 0 ? error_name(errno) : "open");
    say("exe: %s", readlink("/proc/self/exe", to, sizeof(to)) < 0 ? error_name(errno) : "yes");
    say("maps: %s", open("/proc/self/maps", O_RDONLY) < 0 ? error_name(errno) : "open");
    say("environ: %s", open("/proc/self/environ", O_RDONLY) < 0 ? error_name(errno) : "open");
}

static void __attribute__((noreturn)) change(int orders)
{
    char order;

    while (read(orders, &order, 1) == 1) {
        switch (order) {
        case 'd': dropped(); break;
        case 'n': CALL(prctl(PR_SET_DUMPABLE, 0)); break;
        case 'y': CALL(prctl(PR_SET_DUMPABLE, 1)); break;
        case 'f': IN_CHILD(show_dumpable); break;
        case 'x': execl("/proc/self/exe", "waits", "users-program", "waits", NULL);
        }
        show_dumpable();
        look_at_own();
        write(TOLD, &order, 1);
    }
    _exit(0);
}

static void changeling(void)
{
    int orders[2], told[2];
    char c;

    CALL(prctl(PR_SET_DUMPABLE, 2));
    CALL(prctl(PR_SET_DUMPABLE, -1));
    show_dumpable();
    pipe(orders);
    pipe(told);
    target = fork();
    if (target == 0) {
        close(told[0]);
        dup2(told[1], TOLD);
        close(told[1]);
        change(orders[0]);
    }
    close(told[1]);
    for (const char *order = "dyndfx"; *order; order++) {
        say("order %c", *order);
        write(orders[1], order, 1);
        read(told[0], &c, 1);
        IN_CHILD(look_as_user);
    }
    kill(target, SIGKILL);
}

static void privileged(void)
{
    struct timespec t = {1700000000, 0};
    unsigned long mask = 1;

    dropped();
    CALL(clock_settime(CLOCK_REALTIME, &t));
    CALL(reboot(RB_POWER_OFF));
    CALL(swapon("/dev/null", 0));
    CALL(swapoff("/dev/null"));
    CALL(syscall(SYS_sched_setaffinity, 1, 4, &mask));
    CALL(syscall(SYS_sched_setaffinity, 0, 4, &mask));
    CALL(open("/dev/null", O_RDWR) >= 0);
    CALL(open("/dev/zero", O_RDWR) >= 0);
    CALL(open("/dev/shm", O_TMPFILE | O_RDWR, 0600) >= 0);
    CALL(mkdir("/dev/x", 0700));
    CALL(unlink("/dev/null"));
    CALL(mkdir("/proc/x", 0700));
}

/* Nice values and policies, of its own and of others. */
static void scheduling(void)
{
    int param[2] = {0, 0};
    pid_t pid;

    CALL(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    CALL(syscall(SYS_getpriority, 9, 0));
    CALL(syscall(SYS_getpriority, PRIO_PROCESS, 30000));
    CALL(syscall(SYS_getpriority, PRIO_PGRP, 30000));
    CALL(syscall(SYS_getpriority, PRIO_USER, 4711));
    CALL(setpriority(9, 0, 0));
    CALL(setpriority(PRIO_PROCESS, 30000, 0));
    CALL(setpriority(PRIO_PROCESS, 0, 5));
    CALL(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    pid = fork();
    if (pid == 0) {
        CALL(syscall(SYS_getpriority, PRIO_PROCESS, 0));
        CALL(nice(3));
        CALL(syscall(SYS_getpriority, PRIO_PROCESS, getpid()));
        setpgid(0, 0);
        CALL(setpriority(PRIO_PGRP, 0, 100));
        CALL(syscall(SYS_getpriority, PRIO_PGRP, 0));
        CALL(setpriority(PRIO_PROCESS, 0, -100));
        CALL(syscall(SYS_getpriority, PRIO_PGRP, getpid()));
        drop_to(1000, 1000);
        CALL(setpriority(PRIO_PROCESS, 0, -21));
        CALL(setpriority(PRIO_PROCESS, 0, 2));
        CALL(setpriority(PRIO_PROCESS, 0, 1));
        CALL(setpriority(PRIO_PROCESS, 0, 4));
        CALL(setpriority(PRIO_PROCESS, 1, 4));
        CALL(setpriority(PRIO_USER, 0, 6));
        CALL(syscall(SYS_getpriority, PRIO_USER, 0));
        CALL(syscall(SYS_getpriority, PRIO_PROCESS, 1));
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    CALL(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    CALL(syscall(SYS_sched_getscheduler, 0));
    CALL(syscall(SYS_sched_getscheduler, 30000));
    CALL(syscall(SYS_sched_getscheduler, -1));
    CALL(syscall(SYS_sched_getparam, 0, param));
    CALL(syscall(SYS_sched_getparam, 30000, param));
    CALL(syscall(SYS_sched_getparam, 0, NULL));
    CALL(syscall(SYS_sched_getparam, 0, 1));
    CALL(syscall(SYS_sched_setparam, 0, param));
    CALL(syscall(SYS_sched_setparam, 30000, param));
    CALL(syscall(SYS_sched_setparam, -1, param));
    CALL(syscall(SYS_sched_setparam, 0, NULL));
    CALL(syscall(SYS_sched_setparam, 0, 1));
    CALL(syscall(SYS_sched_setscheduler, 0, 0, param));
    CALL(syscall(SYS_sched_setscheduler, 30000, 0, param));
    CALL(syscall(SYS_sched_setscheduler, 0, 77, param));
    CALL(syscall(SYS_sched_setscheduler, 0, 0, NULL));
    param[0] = 1;
    CALL(syscall(SYS_sched_setparam, 0, param));
    CALL(syscall(SYS_sched_setscheduler, 0, 0, param));
    CALL(syscall(SYS_sched_rr_get_interval, 30000, param));
    CALL(syscall(SYS_sched_rr_get_interval, -1, param));
}

void theme_others(void)
{
    about("scheduling");
    IN_CHILD(scheduling);
    about("signals");
    one_target(0, 0, 0);
    one_target(1000, 1000, 1000);
    one_target(1000, 0, 0);
    one_target(0, 1000, 0);
    one_target(0, 0, 1000);
    one_target(2, 2, 2);
    IN_CHILD(signal_all);
    IN_CHILD(who_sent);
    about("shared segments");
    one_segment(0600, 0, 0);
    one_segment(0644, 0, 0);
    one_segment(0666, 0, 0);
    one_segment(0660, 0, 2000);
    one_segment(0600, 1000, 0);
    one_segment(0006, 1000, 0);
    about("/proc");
    target = sleeper(0, 0, 0);
    IN_CHILD(proc_of_user);
    kill(target, SIGKILL);
    target = sleeper(1000, 1000, 1000);
    IN_CHILD(proc_of_user);
    kill(target, SIGKILL);
    while (wait(NULL) > 0)
        continue;
    IN_CHILD(changeling);
    about("privileges");
    IN_CHILD(privileged);
}
