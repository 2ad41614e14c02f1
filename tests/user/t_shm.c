/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V: each call with each of its errors, who counts as attached, when a
 * segment goes, and that its pages do then. Segments stay when their makers die: each test removes
 * what it makes, and nobody else has any.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "mapping.h"
#include "quire.h"
#include "shm.h"

static int own_key(void)
{
    return (int)(0x51000000u + (unsigned)getpid());
}

static void test_get(void)
{
    int key = own_key();
    long id, other;

    CHECK_EQ(get(key, PAGE, EVERYBODY), -ENOENT);
    CHECK_EQ(get(key, 0, IPC_CREAT | EVERYBODY), -EINVAL);
    CHECK_EQ(get(key, 0xff000000u, IPC_CREAT | EVERYBODY), -EINVAL);
    CHECK_EQ(get(key, 0xfeffffffu, IPC_CREAT | EVERYBODY), -ENOSPC);
    CHECK_EQ(get(key, PAGE, IPC_CREAT | EVERYBODY | 04000), -EINVAL); /* huge pages */
    CHECK_EQ(get(key, PAGE, EVERYBODY), -ENOENT);
    id = get(key, PAGE + 1, IPC_CREAT | IPC_EXCL | EVERYBODY);
    CHECK(id >= 0);
    CHECK_EQ(get(key, 0, 0), id);
    CHECK_EQ(get(key, PAGE + 1, IPC_CREAT), id);
    CHECK_EQ(get(key, PAGE + 1, IPC_EXCL), id);
    CHECK_EQ(get(key, PAGE + 2, 0), -EINVAL);
    CHECK_EQ(get(key, PAGE, IPC_CREAT | IPC_EXCL), -EEXIST);
    other = make(1);
    CHECK(other != id);
    removed(other);
    other = make(1); /* without a key, each is a new one */
    CHECK(other != id && !failed(other));
    removed(other);
    removed(id);
    CHECK_EQ(get(key, 1, 0), -ENOENT);
}

/* An id that is gone is not another's at once, and no index of the past finds it. */
static void test_ids(void)
{
    long first = make(1), id;
    struct shm_stat st = stat_of(first);

    CHECK_EQ(st.seq, (first >> 15) & 0xffff);
    removed(first);
    for (int i = 0; i < 300; i++) {
        id = make(1);
        CHECK(id != first);
        CHECK_EQ(stat_of(id).seq, id >> 15);
        CHECK((id & 0x7fff) < SEGMENTS);
        removed(id);
    }
    CHECK(!exists(first));
    CHECK_EQ(sys_raw(SYS_shmat, first, 0, 0), -EINVAL);
    CHECK_EQ(ctl(first, IPC_RMID, NULL), -EINVAL);
}

static void test_stat(void)
{
    int key = own_key();
    unsigned before = (unsigned)time(NULL);
    long id = get(key, 5000, IPC_CREAT | 0640);
    struct shm_stat st = stat_of(id);
    struct shm_stat_old old;
    char *p;

    CHECK(st.key == key && st.mode == 0640 && st.bytes == 5000 && st.nattch == 0);
    CHECK(st.uid == 0 && st.gid == 0 && st.cuid == 0 && st.cgid == 0);
    CHECK(st.cpid == getpid() && st.lpid == 0 && st.atime == 0 && st.dtime == 0);
    CHECK(st.ctime >= before && st.ctime <= before + 60 && st.ctime_high == 0);
    p = attach(id, 0, 0);
    st = stat_of(id);
    CHECK(st.nattch == 1 && st.lpid == getpid() && st.atime >= before && st.dtime == 0);
    CHECK_EQ(ctl(id, 2, &old), 0);
    CHECK(old.key == key && old.mode == 0640 && old.bytes == 5000 && old.nattch == 1);
    CHECK(old.cpid == getpid() && (unsigned)old.ctime == st.ctime);
    detach(p);
    st = stat_of(id);
    CHECK(st.nattch == 0 && st.dtime >= before);

    CHECK_EQ(ctl(id, SHM_LOCK, NULL), 0);
    CHECK_EQ(stat_of(id).mode, SHM_LOCKED | 0640);
    st.uid = 12;
    st.gid = 13;
    st.mode = 07777;
    CHECK_EQ(ctl(id, IPC_SET, &st), 0);
    st = stat_of(id);
    CHECK(st.uid == 12 && st.gid == 13 && st.cuid == 0 && st.mode == (SHM_LOCKED | 0777));
    CHECK_EQ(ctl(id, SHM_UNLOCK, NULL), 0);
    CHECK_EQ(stat_of(id).mode, 0777);
    st.uid = 0xffffffffu;
    CHECK_EQ(ctl(id, IPC_SET, &st), -EINVAL);
    CHECK_EQ(stat_of(id).uid, 12);
    removed(id);
}

static void test_ctl_errors(void)
{
    unsigned buf[32];
    long id = make(1);

    CHECK_EQ(ctl(-1, IPC_STAT, buf), -EINVAL);
    CHECK_EQ(ctl(id, -1, buf), -EINVAL);
    CHECK_EQ(ctl(id, 4, buf), -EINVAL);
    CHECK_EQ(ctl(id, 99, buf), -EINVAL);
    CHECK_EQ(ctl(id, IPC_STAT, (void *)8), -EFAULT);
    CHECK_EQ(ctl(id, IPC_STAT, (void *)0x80000000u), -EFAULT);
    CHECK_EQ(ctl(id, IPC_SET, (void *)8), -EFAULT);
    CHECK_EQ(ctl(id, IPC_INFO, (void *)8), -EFAULT);
    CHECK_EQ(ctl(id, SHM_INFO, (void *)8), -EFAULT);
    CHECK_EQ(ctl(id + 0x8000, IPC_STAT, buf), -EINVAL); /* the same index */
    CHECK_EQ(ctl(0x7fff, SHM_STAT, buf), -EINVAL);
    CHECK_EQ(ctl(id & 0x7fff, SHM_STAT, buf), id);
    CHECK(ctl(0, IPC_INFO, buf) >= (id & 0x7fff));
    CHECK(buf[0] == 0xfeffffffu && buf[1] == 1 && buf[2] == SEGMENTS && buf[4] > 0);
    CHECK(ctl(0, SHM_INFO, buf) >= (id & 0x7fff));
    CHECK(buf[0] >= 1 && buf[1] >= 1);
    removed(id);
}

static void test_at(void)
{
    long id = make(4);
    char *p = attach(id, 0, 0), *q;

    CHECK(p[0] == 0 && p[4 * PAGE - 1] == 0 && !readable(p + 4 * PAGE));
    p[PAGE] = 'a';
    q = attach(id, PLACE, 0);
    CHECK(q == (char *)PLACE && q[PAGE] == 'a');
    q[0] = 'b';
    CHECK_EQ(p[0], 'b');
    CHECK_EQ(attached(id), 2);
    CHECK_EQ(sys_raw(SYS_shmat, id, PLACE, 0), -EINVAL); /* something is there */
    CHECK_EQ(sys_raw(SYS_shmat, id, PLACE - LBA + 1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, PLACE + PAGE, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, 0, SHM_REMAP), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, PAGE, SHM_RND | SHM_REMAP), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, PAGE, SHM_RND), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, 0xffffc000u, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmat, id, 0x80000000u, 0), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_shmat, -1, 0, 0), -EINVAL);
    CHECK_EQ(attached(id), 2);
    CHECK(attach(id, PLACE + LBA + 5, SHM_RND) == (char *)PLACE + LBA);
    CHECK_EQ(attached(id), 3);
    CHECK(attach(id, PLACE, SHM_REMAP) == (char *)PLACE && q[0] == 'b'); /* takes q's place */
    CHECK_EQ(attached(id), 3);
    detach(q);
    detach(q + LBA);
    detach(p);
    CHECK_EQ(attached(id), 0);
    p = attach(id, 0, 0); /* what was written is still there */
    CHECK(p[0] == 'b' && p[PAGE] == 'a');
    detach(p);
    removed(id);
}

static void test_access(void)
{
    long id = make(1);
    char *p = attach(id, 0, SHM_RDONLY), *q = attach(id, 0, 0), *x, line[128];

    CHECK(readable(p) && !writable(p) && writable(q));
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, RW), -EACCES);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(sys_raw(SYS_mprotect, q, PAGE, PROT_READ), 0);
    CHECK(!writable(q));
    CHECK_EQ(sys_raw(SYS_mprotect, q, PAGE, RW), 0);
    q[8] = 'w';
    CHECK_EQ(p[8], 'w');
    x = attach(id, 0, SHM_EXEC | SHM_RDONLY);
    CHECK(segment_line(x, line, sizeof line) && strstr(line, " r-xs "));
    CHECK(strstr(line, "/SYSV00000000 (deleted)") != NULL);
    detach(x);
    detach(p);
    detach(q);
    removed(id);
}

static void test_dt_errors(void)
{
    long id = make(2), id2 = make(2);
    char *p = attach(id, PLACE, 0), *private = pages_map(1, RW);

    CHECK_EQ(sys_raw(SYS_shmdt, p + PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmdt, p + 1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmdt, private), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmdt, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shmdt, 0x80000000u), -EINVAL);
    CHECK_EQ(attached(id), 1);
    CHECK_EQ(munmap(p, PAGE), 0); /* the rest still belongs to what began there */
    CHECK_EQ(attached(id), 1);
    attach(id2, PLACE + LBA, 0);
    detach(p);
    CHECK_EQ(attached(id), 0);
    CHECK_EQ(attached(id2), 1);
    CHECK_EQ(sys_raw(SYS_shmdt, p), -EINVAL);
    detach(p + LBA);
    removed(id);
    removed(id2);
}

/* Each piece counts; what continues the other does not grow together. */
static void test_pieces(void)
{
    long id = make(8);
    char *p = attach(id, PLACE, 0);

    CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
    CHECK_EQ(attached(id), 2);
    CHECK_EQ(mprotect(p + 5 * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(attached(id), 4);
    CHECK_EQ(mprotect(p + 5 * PAGE, PAGE, RW), 0);
    CHECK_EQ(attached(id), 4);
    CHECK_EQ(munmap(p, 2 * PAGE), 0);
    CHECK_EQ(attached(id), 3);
    CHECK(mremap(p + 7 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 0x100000) ==
          p + 0x100000);
    CHECK_EQ(attached(id), 4);
    removed(id);
    CHECK_EQ(stat_of(id).mode, SHM_DEST | EVERYBODY);
    detach(p); /* all but what moved */
    CHECK_EQ(attached(id), 1);
    CHECK_EQ(munmap(p + 0x100000, PAGE), 0);
    CHECK(!exists(id));
}

/* A mapping made longer has nothing behind the segment's end, and what is mapped before its rest is
 * counted by itself. */
static void test_beyond(void)
{
    long id = make(1);
    char *p = attach(id, PLACE, 0);

    CHECK(mremap(p, PAGE, 2 * PAGE, 0) == p);
    CHECK(readable(p) && !readable(p + PAGE));
    CHECK_EQ(munmap(p, PAGE), 0);
    CHECK(attach(id, PLACE, 0) == p);
    CHECK_EQ(attached(id), 2);
    CHECK_EQ(munmap(p, 2 * PAGE), 0);
    CHECK_EQ(attached(id), 0);
    removed(id);
}

struct turns {
    volatile int turn, sum;
};

static void turns_play(struct turns *t, int me)
{
    for (int i = 0; i < 50; i++) {
        while (t->turn != me)
            tap_pause_ms(1);
        t->sum = t->sum + 1;
        __sync_synchronize();
        t->turn = 1 - me;
    }
}

/* Two who find it by its key, at addresses of their own. */
static void test_two(void)
{
    int key = own_key(), status;
    long id = get(key, sizeof(struct turns), IPC_CREAT | EVERYBODY);
    struct turns *t;
    pid_t pid = fork();

    if (pid == 0) {
        turns_play((struct turns *)attach(get(key, 1, 0), PLACE, 0), 1);
        _exit(0);
    }
    t = (struct turns *)attach(id, PLACE + LBA, 0);
    turns_play(t, 0);
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    CHECK_EQ(t->sum, 100);
    CHECK_EQ(attached(id), 1);
    CHECK_EQ(stat_of(id).lpid, pid);
    removed(id);
}

/* The page table's nodes are shared after fork, the segment all the same. */
static void test_fork(void)
{
    long id = make(2);
    char *p = attach(id, 0, 0);
    int status;
    pid_t pid;

    p[0] = 'p';
    pid = fork();
    if (pid == 0) {
        CHECK_EQ(attached(id), 2);
        CHECK_EQ(p[0], 'p');
        p[0] = 'c';
        p[PAGE] = 'c';
        detach(p);
        CHECK_EQ(attached(id), 1);
        attach(id, 0, 0);
        attach(id, 0, 0);
        kill(getpid(), SIGKILL);
    }
    CHECK(waitpid(pid, &status, 0) == pid && tap_killed_by(status, SIGKILL));
    CHECK(p[0] == 'c' && p[PAGE] == 'c');
    CHECK_EQ(attached(id), 1);
    pid = fork();
    if (pid == 0) {
        char *argv[] = {"/bin/true", NULL}, *envp[] = {NULL};

        CHECK_EQ(attached(id), 2);
        sys_raw(SYS_execve, argv[0], argv, envp);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    CHECK_EQ(attached(id), 1);
    detach(p);
    removed(id);
}

static int make_and_die(void *arg)
{
    char *p = attach(*(long *)arg, 0, 0);

    strcpy(p, "what was left");
    return 0;
}

/* It outlives its maker, and goes with the last who has it once it is removed; its key at once. */
static void test_remove(void)
{
    int key = own_key(), status;
    long id = get(key, 4 * PAGE, IPC_CREAT | EVERYBODY), other;
    struct shm_stat st;
    char *p;
    pid_t pid;

    CHECK(tap_exited_with(tap_child(make_and_die, &id), 0));
    CHECK_EQ(attached(id), 0);
    p = attach(id, 0, 0);
    CHECK(strcmp(p, "what was left") == 0);
    removed(id);
    CHECK_EQ(get(key, 1, 0), -ENOENT);
    other = get(key, PAGE, IPC_CREAT | IPC_EXCL | EVERYBODY);
    CHECK(other >= 0 && other != id);
    removed(other);
    st = stat_of(id);
    CHECK(st.key == 0 && st.mode == (SHM_DEST | EVERYBODY) && st.nattch == 1);
    removed(id); /* once more is no error */
    detach(attach(id, 0, 0));
    CHECK(exists(id));
    pid = fork();
    if (pid == 0) {
        while (attached(id) != 1)
            tap_pause_ms(1);
        CHECK(strcmp(p, "what was left") == 0);
        _exit(0);
    }
    detach(p);
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    CHECK(!exists(id)); /* by exit */
    CHECK_EQ(sys_raw(SYS_shmat, id, 0, 0), -EINVAL);
}

/* The table's end, and that of the memory that segments can promise. */
static void test_limits(void)
{
    long ids[SEGMENTS], id, big;
    unsigned info[16];
    int count = 0;

    while ((id = get(0, 1, EVERYBODY)) >= 0) {
        CHECK(count < SEGMENTS);
        ids[count++] = id;
    }
    CHECK_EQ(id, -ENOSPC);
    CHECK_EQ(count, SEGMENTS);
    removed(ids[--count]);
    id = make(1);
    removed(id);
    while (count > 0)
        removed(ids[--count]);
    CHECK(ctl(0, IPC_INFO, info) >= 0);
    CHECK_EQ(get(0, (info[4] + 1) * PAGE, EVERYBODY), -ENOSPC);
    big = get(0, info[4] / 4 * PAGE, EVERYBODY);
    CHECK(big >= 0);
    for (count = 0; count < 4 && (id = get(0, info[4] / 4 * PAGE, EVERYBODY)) >= 0; count++)
        ids[count] = id;
    CHECK_EQ(id, -ENOSPC);
    while (count > 0)
        removed(ids[--count]);
    removed(big);
}

#define WORKERS 6

/* Many who attach, fork, detach and remove what they and others have. */
static void churn(long shared, uint32_t seed)
{
    for (uint32_t i = 0; i < tap_count(40, 2000); i++) {
        char *p = attach(shared, 0, 0), *q;
        long own = make(1 + (seed + i) % 4);
        pid_t pid;

        q = attach(own, 0, 0);
        q[0] = 'q';
        __sync_fetch_and_add((int *)p, 1);
        removed(own);
        pid = i % 4 == 0 ? fork() : -1;
        if (pid == 0)
            _exit(q[0] != 'q');
        munmap(p + PAGE, PAGE);
        if ((seed + i) % 3)
            detach(q);
        else
            CHECK_EQ(munmap(q, PAGE * (1 + (seed + i) % 4)), 0);
        if (pid > 0) {
            int status;

            CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
        }
        detach(p);
        CHECK(!exists(own));
    }
    _exit(0);
}

static void test_many(void)
{
    long id = make(3);
    char *p = attach(id, 0, 0);
    pid_t pids[WORKERS];
    int status;

    for (uint32_t i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            detach(p);
            churn(id, i);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++)
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && tap_exited_with(status, 0));
    CHECK_EQ(*(int *)p, WORKERS * tap_count(40, 2000));
    CHECK_EQ(attached(id), 1);
    detach(p);
    removed(id);
    CHECK(!exists(id));
}

static void test_proc(void)
{
    long id = get(own_key(), 5000, IPC_CREAT | 0640);
    char *p = attach(id, 0, 0), *text, *line, wanted[128];

    p[PAGE] = 1;
    removed(id); /* the key goes, the line stays */
    text = file_read_all("/proc/sysvipc/shm", NULL);
    CHECK(text && strncmp(text, "       key      shmid perms       size  cpid", 44) == 0);
    snprintf(wanted, sizeof wanted, "%10d %10ld  1640 %10d %5d %5d  %5d", 0, id, 5000, getpid(),
             getpid(), 1);
    line = strstr(text, wanted);
    CHECK(line != NULL);
    line = strchr(line, '\n');
    snprintf(wanted, sizeof wanted, " %10u %10u", PAGE, 0);
    CHECK(line && strncmp(line - strlen(wanted), wanted, strlen(wanted)) == 0);
    free(text);
    detach(p);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"shmget", test_get},
        {"ids", test_ids},
        {"what shmctl says and sets", test_stat},
        {"errors of shmctl", test_ctl_errors},
        {"shmat", test_at},
        {"access", test_access},
        {"shmdt", test_dt_errors},
        {"pieces count", test_pieces},
        {"beyond the end", test_beyond},
        {"two processes by a key", test_two},
        {"fork, exec, death", test_fork},
        {"removed while attached", test_remove},
        {"limits", test_limits},
        {"many at once", test_many},
        {"/proc/sysvipc/shm", test_proc},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
