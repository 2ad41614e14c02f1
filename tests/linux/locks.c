/* SPDX-License-Identifier: MIT
 *
 * Theme locks: record locks of fcntl and locks of flock, between processes and at their end.
 */
#include <sys/file.h>
#include <sys/wait.h>

#include "compare.h"

static int fd;

static long lock_at(int file, int command, short type, short whence, off64_t start, off64_t len)
{
    struct flock64 l = {.l_type = type, .l_whence = whence, .l_start = start, .l_len = len};

    return fcntl(file, command, &l);
}

#define LOCK(type, start, len)  lock_at(fd, F_SETLK64, type, SEEK_SET, start, len)
#define WAIT(type, start, len)  lock_at(fd, F_SETLKW64, type, SEEK_SET, start, len)
#define OTHER(type, start, len) lock_at(file, F_SETLK64, type, SEEK_SET, start, len)

/* What F_GETLK says; the pid as a relation. */
static void get_lock(int file, short type, off64_t start, off64_t len)
{
    struct flock64 l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    long result = fcntl(file, F_GETLK64, &l);

    say("F_GETLK %s %lld+%lld -> %s: %s whence %d %lld+%lld of %s",
        type == F_RDLCK ? "read" : "write", (long long)start, (long long)len,
        result ? error_name(errno) : "0",
        l.l_type == F_RDLCK   ? "read"
        : l.l_type == F_WRLCK ? "write"
        : l.l_type == F_UNLCK ? "free"
                              : "?",
        l.l_whence, (long long)l.l_start, (long long)l.l_len,
        l.l_pid == getppid()  ? "parent"
        : l.l_pid == getpid() ? "self"
        : l.l_pid == 0        ? "0"
                              : "other");
}

static void seen_by_child(void)
{
    get_lock(fd, F_RDLCK, 0, 0);
    get_lock(fd, F_WRLCK, 0, 0);
    get_lock(fd, F_WRLCK, 50, 10);
    CALL(LOCK(F_RDLCK, 0, 5));
    CALL(LOCK(F_RDLCK, 12, 5));
    CALL(LOCK(F_WRLCK, 30, 5));
    CALL(LOCK(F_UNLCK, 0, 0));
}

static void own_locks(void)
{
    int read_only = open("a", O_RDONLY), write_only = open("a", O_WRONLY);

    about("record locks");
    CALL(LOCK(F_WRLCK, 0, 10));
    CALL(LOCK(F_RDLCK, 10, 10));
    CALL(LOCK(F_WRLCK, 100, 0));
    IN_CHILD(seen_by_child);
    CALL(LOCK(F_RDLCK, 3, 4));
    IN_CHILD(seen_by_child);
    CALL(LOCK(F_UNLCK, 5, 10));
    IN_CHILD(seen_by_child);
    CALL(LOCK(F_UNLCK, 0, 0));
    IN_CHILD(seen_by_child);
    CALL(LOCK(9, 0, 0));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, 9, 0, 1));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_SET, -1, 1));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_SET, 10, -5));
    get_lock(fd, F_WRLCK, 0, 0);
    IN_CHILD(seen_by_child);
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_SET, 10, -11));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_SET, 0x7fffffffffffffffll, 2));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_END, 0, 10));
    CALL(lock_at(fd, F_SETLK64, F_WRLCK, SEEK_CUR, -1, 10));
    CALL(lock_at(77, F_SETLK64, F_WRLCK, SEEK_SET, 0, 10));
    CALL(fcntl(fd, F_SETLK64, (void *)1));
    CALL(lock_at(read_only, F_SETLK64, F_WRLCK, SEEK_SET, 0, 10));
    CALL(lock_at(write_only, F_SETLK64, F_RDLCK, SEEK_SET, 0, 10));
    CALL(lock_at(read_only, F_GETLK64, F_WRLCK, SEEK_SET, 0, 10));
    CALL(lock_at(fd, F_GETLK64, F_UNLCK, SEEK_SET, 0, 10));
    about("closing any descriptor of the file drops them");
    CALL(close(read_only));
    IN_CHILD(seen_by_child);
    close(write_only);
}

/* Steps that one of the two has taken and the other waits for, in a shared page. */
static volatile unsigned *step;

static void await(unsigned n)
{
    while (*step < n)
        pause_ms(1);
}

static void holder(void)
{
    WAIT(F_WRLCK, 0, 10);
    *step = 1;
    await(2);
    pause_ms(50); /* the other waits for the lock by then; if not, it sees the same */
}

static void deadlocker(void)
{
    CALL(LOCK(F_WRLCK, 20, 10));
    *step = 3;
    await(4);
    *step = 5;
    CALL(WAIT(F_WRLCK, 0, 10) == 0 || errno == EDEADLK);
}

static void waiting(void)
{
    pid_t pid;

    about("waiting");
    step = (volatile unsigned *)map(AT(0), PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    pid = fork();
    if (pid == 0) {
        holder();
        _exit(0);
    }
    await(1);
    CALL(LOCK(F_WRLCK, 5, 1));
    *step = 2;
    CALL(WAIT(F_WRLCK, 5, 1));
    CALL(LOCK(F_UNLCK, 0, 0));
    CALL(LOCK(F_WRLCK, 0, 10));
    pid = fork();
    if (pid == 0) {
        deadlocker();
        _exit(0);
    }
    await(3);
    CALL(lock_at(fd, F_SETLKW64, F_WRLCK, SEEK_SET, 40, 10));
    *step = 4;
    await(5);
    pause_ms(300); /* it waits for our lock by then */
    CALL(WAIT(F_WRLCK, 20, 10));
    LOCK(F_UNLCK, 0, 0);
    waitpid(pid, NULL, 0); /* its line is the last */
    window_clear();
}

static void flock_child(void)
{
    int file = open("a", O_RDWR);

    CALL(flock(file, LOCK_SH | LOCK_NB));
    CALL(flock(file, LOCK_EX | LOCK_NB));
    CALL(OTHER(F_WRLCK, 0, 0));
    close(file);
}

static void flock_inherited(void)
{
    CALL(flock(fd, LOCK_UN));
}

static void whole_files(void)
{
    int file = open("a", O_RDONLY);

    about("flock");
    CALL(flock(fd, LOCK_EX));
    CALL(flock(file, LOCK_SH | LOCK_NB));
    IN_CHILD(flock_child);
    CALL(flock(fd, LOCK_SH));
    IN_CHILD(flock_child);
    CALL(flock(file, LOCK_SH | LOCK_NB));
    CALL(flock(fd, LOCK_EX | LOCK_NB));
    CALL(close(file));
    CALL(flock(fd, LOCK_EX | LOCK_NB));
    IN_CHILD(flock_inherited);
    IN_CHILD(flock_child);
    CALL(flock(77, LOCK_EX));
    CALL(flock(fd, 0));
    CALL(flock(fd, LOCK_EX | LOCK_SH));
    CALL(flock(fd, 16));
}

void theme_locks(void)
{
    fd = open("a", O_RDWR | O_CREAT, 0600);
    own_locks();
    waiting();
    whole_files();
}
