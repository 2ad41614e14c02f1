/* SPDX-License-Identifier: MIT
 *
 * Credentials: who a thread is to the file system and to others, and which of root's powers it has.
 * They never change once a thread has them: a thread gets others instead (proc/cred.h), so that
 * several may share them. Plain root - all numbers 0, all powers, no groups - is NULL: what almost
 * everybody is costs a test for 0.
 * Numbers of the powers are Linux's capabilities.
 */
#ifndef FS_CRED_H
#define FS_CRED_H

#include "lib/base.h"

#define GROUPS_MOST 32u

enum cap {
    CAP_CHOWN = 0,
    CAP_DAC_OVERRIDE = 1,
    CAP_DAC_READ_SEARCH = 2,
    CAP_FOWNER = 3,
    CAP_FSETID = 4,
    CAP_KILL = 5,
    CAP_SETGID = 6,
    CAP_SETUID = 7,
    CAP_LINUX_IMMUTABLE = 9,
    CAP_IPC_LOCK = 14,
    CAP_IPC_OWNER = 15,
    CAP_SYS_CHROOT = 18,
    CAP_SYS_PTRACE = 19,
    CAP_SYS_ADMIN = 21,
    CAP_SYS_BOOT = 22,
    CAP_SYS_NICE = 23,
    CAP_SYS_RESOURCE = 24,
    CAP_SYS_TIME = 25,
    CAP_MKNOD = 27,
    CAP_MAC_OVERRIDE = 32,
    CAP_LAST = 40,
};

#define CAP_BIT(cap) (1ull << (cap))
#define CAPS_ALL     (CAP_BIT(CAP_LAST + 1) - 1)

struct user;

struct cred {
    uint32_t refs; /* atomic */
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t permitted, effective, inheritable; /* of capabilities */
    bool keep_caps, no_new_privs;
    uint8_t ngroups;
    struct user *user; /* that the real uid's processes count for; NULL: root */
    uint32_t group[GROUPS_MOST];
};

/* Of the calling thread, borrowed; NULL: plain root, who passes everything. Implemented by
 * proc/thread.c. */
const struct cred *cred_current(void);

static inline bool cred_capable(const struct cred *c, enum cap cap)
{
    return !c || c->effective & CAP_BIT(cap);
}

/* gid is the group for files, or one of the supplementary ones. */
bool cred_in_group(const struct cred *c, uint32_t gid);

/* What a file is opened, walked through or run for, as the digits of a mode. */
enum may { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };

/* Whether c may do that (enum may) with a file of this mode and owner: 0 or -EACCES. Pure. The
 * class that the caller is in alone counts, owner, group or others; then the powers: root reads and
 * writes everything, but runs no file that nobody may run. */
int __must_check cred_may(const struct cred *c, uint32_t mode, uint32_t uid, uint32_t gid,
                          unsigned want);

/* What exec makes of the ids, by the program's mode and owner. */
struct cred_exec {
    uint32_t uid, euid, gid, egid;
    bool set_ids;    /* the effective ones are the program's */
    bool secure;     /* AT_SECURE: the environment is not to be trusted */
    bool unreadable; /* the caller may run the program and not read it */
};
void cred_exec_ids(const struct cred *c, uint32_t mode, uint32_t uid, uint32_t gid,
                   struct cred_exec *ids);

#endif
