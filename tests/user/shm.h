/* SPDX-License-Identifier: MIT
 *
 * For the tests of System V's shared memory: the kernel's calls with its own numbers and layouts,
 * and what each test does all the time.
 */
#ifndef TESTS_USER_SHM_H
#define TESTS_USER_SHM_H

#include <stdbool.h>
#include <string.h>

#include "mapping.h"
#include "tap.h"

#define IPC_CREAT  01000
#define IPC_EXCL   02000
#define IPC_64     0x100
#define IPC_RMID   0
#define IPC_SET    (1 | IPC_64)
#define IPC_STAT   (2 | IPC_64)
#define IPC_INFO   (3 | IPC_64)
#define SHM_LOCK   11
#define SHM_UNLOCK 12
#define SHM_STAT   (13 | IPC_64)
#define SHM_INFO   (14 | IPC_64)
#define SHM_RDONLY 010000
#define SHM_RND    020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000
#define SHM_DEST   01000u
#define SHM_LOCKED 02000u
#define LBA        (4 * PAGE)
#define PLACE      0x18000000u
#define SEGMENTS   128

#define EVERYBODY 0600

struct shm_stat {
    int key;
    unsigned uid, gid, cuid, cgid;
    unsigned short mode, pad, seq, pad2;
    unsigned unused[2], bytes;
    unsigned atime, atime_high, dtime, dtime_high, ctime, ctime_high;
    int cpid, lpid;
    unsigned nattch, unused2[2];
};

/* As it is without IPC_64. */
struct shm_stat_old {
    int key;
    unsigned short uid, gid, cuid, cgid, mode, seq;
    int bytes, atime, dtime, ctime, cpid, lpid;
    unsigned short nattch, unused;
    unsigned unused2[2];
};

static inline long get(int key, size_t bytes, int flags)
{
    return sys_raw(SYS_shmget, key, bytes, flags);
}

static inline long ctl(long id, int cmd, void *buf)
{
    return sys_raw(SYS_shmctl, id, cmd, buf);
}

/* A new one that only its id finds. */
static inline long make(size_t pages)
{
    long id = get(0, pages * PAGE, EVERYBODY);

    CHECK(id >= 0);
    return id;
}

static inline void removed(long id)
{
    CHECK_EQ(ctl(id, IPC_RMID, NULL), 0);
}

static inline bool failed(long result)
{
    return (unsigned long)result > -4096ul;
}

static inline char *attach(long id, uintptr_t addr, int flags)
{
    long at = sys_raw(SYS_shmat, id, addr, flags);

    CHECK(!failed(at));
    return (char *)at;
}

static inline void detach(char *p)
{
    CHECK_EQ(sys_raw(SYS_shmdt, p), 0);
}

static inline struct shm_stat stat_of(long id)
{
    struct shm_stat st;

    memset(&st, 0xee, sizeof st);
    CHECK_EQ(ctl(id, IPC_STAT, &st), 0);
    return st;
}

static inline long attached(long id)
{
    return (long)stat_of(id).nattch;
}

static inline bool exists(long id)
{
    struct shm_stat st;

    return ctl(id, IPC_STAT, &st) == 0;
}

#endif
