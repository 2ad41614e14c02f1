/* SPDX-License-Identifier: MIT
 *
 * Who processes are: each thread has credentials (fs/cred.h), shared by those who were forked with
 * them, and a process has those that one of its threads took last, for others to look at. A user
 * who is not root has a count of processes and threads: RLIMIT_NPROC.
 * Locks: thread->cred is the thread's alone; proc->cred is under (T).
 */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "fs/cred.h"
#include "proc/proc.h"

struct text;

/* The caller's; never NULL. */
const struct cred *cred_self(void);
/* The caller has the power. */
static inline bool capable(enum cap cap)
{
    return cred_capable(cred_current(), cap);
}

/* A copy of the caller's credentials, to be changed; NULL: no memory. Then one of: the caller has
 * them from now on; or they go. May sleep. */
struct cred *cred_edit(void) __must_check;
void cred_commit(struct cred *c);
void cred_drop(struct cred *c);
/* What follows from ids that cred_edit's copy has now: powers that come and go with user 0, and
 * whose processes are counted. Then it is committed. -ENOMEM: c is gone. */
int __must_check cred_commit_ids(struct cred *c);

/* access(2) asks for the real ids: between the two the caller has those for files. *before NULL:
 * there is no difference. -ENOMEM. */
int __must_check cred_real_begin(const struct cred **before);
void cred_real_end(const struct cred *before);

/* For the new thread t of p (fork's or a further one), whose maker calls; and its end. */
void cred_thread_made(struct thread *t);
/* The current thread t, a further one, is its process's only thread now. */
void cred_thread_leads(struct thread *t);
void cred_thread_freed(struct thread *t);
/* The caller's user may have a process or thread more: RLIMIT_NPROC. */
bool cred_may_fork(void);
/* A process that is forked gets the caller's: -EAGAIN: its user may have no more. */
int __must_check cred_fork(struct proc *child);
/* It is reaped, or was never one; its record goes. */
void cred_reaped(struct proc *p);
void cred_proc_freed(struct proc *p);
/* exec: the new ids, and what does not outlive it. *c: NULL, nothing changes, or for
 * cred_commit, when the caller is its process's only thread. -ENOMEM. */
int __must_check cred_exec(const struct cred_exec *ids, struct cred **c);

/* What others see of a process. */
struct cred_ids {
    uint32_t uid, euid, suid, gid, egid, sgid;
    uint64_t permitted;
    bool undumpable;
};
void cred_ids(struct proc *p, struct cred_ids *ids);
/* Effective, permitted and inheritable capabilities. */
void cred_caps(struct proc *p, uint64_t set[3]);
/* The real user id. */
uint32_t cred_uid(struct proc *p);
/* May the caller send sig to p: 0 or -EPERM. */
int __must_check cred_may_signal(struct proc *p, int sig);
/* May it look into p's memory and files: 0 or -EACCES. Who has become somebody else holds what its
 * former self read: it is "undumpable", for root alone, until exec of a program that is not set-id
 * and may be read, or until it says otherwise (prctl(2), PR_SET_DUMPABLE). */
int __must_check cred_may_look(struct proc *p);
void cred_set_dumpable(struct proc *p, bool dumpable);
/* May it change how p is scheduled; read and change its limits. -EPERM. */
int __must_check cred_may_schedule(struct proc *p);
int __must_check cred_may_limit(struct proc *p);

/* For /proc/PID/status: Uid, Gid; Groups; Cap*, NoNewPrivs. */
void cred_print_ids(struct text *t, struct proc *p);
void cred_print_groups(struct text *t, struct proc *p);
void cred_print_caps(struct text *t, struct proc *p);

#endif
