/* SPDX-License-Identifier: MIT
 *
 * Private to proc: the steps in the life of a process that proc.c, fork.c, exit.c, wait.c and
 * exec.c share.
 */
#ifndef PROC_PROC_IMPL_H
#define PROC_PROC_IMPL_H

#include "proc/proc.h"

/* A new process with its pid and one reference; known to nobody. NULL and *error. */
struct proc *proc_alloc(int *error);
/* Enters p: it can be found, and is parent's child (NULL: nobody's). (P) shared or whole. */
void proc_enter_locked(struct proc *p, struct proc *parent);
/* Gives a zombie's number back, which its parent's children do not name any more, and its reference
 * up. (P) shared or whole. */
void proc_reap_locked(struct proc *p);
bool proc_locked(void); /* (P), whole or shared */
/* Init, or NULL. (c) once there. */
struct proc *proc_init(void);
/* The name of ps, from a path. */
void proc_set_comm(char comm[COMM_SIZE], const char *path);

/* fork.c: a thread of p with the caller's registers, which runs in p->as; NULL: no memory. */
struct thread *thread_copy(struct proc *p, const struct fork_args *a);
/* fork.c: there is memory for one more of its kind. */
bool fork_has_reserve(void);
/* clone.c: ends all threads of the caller's process but the caller, which takes the process's
 * number. -EAGAIN: the process ends, or has another such; -EINTR: killed. May sleep. */
int __must_check thread_be_alone(void);

/* p left the address space that its vfork parent waits for. Twice does no harm. */
void vfork_release(struct proc *p);
/* exit.c: the current thread leaves its memory for good: mutexes that it holds are said to be
 * without an owner, and who waits for its end is told. May sleep. */
void thread_forget_futexes(struct thread *t);
/* exit.c: init is gone. */
void init_died(int status) __noreturn;

/* A program that nobody of the caller's runs any more: gives its reference back. NULL is fine. */
static inline void proc_put_exe(struct vnode *exe)
{
    if (exe)
        vnode_run_done(exe);
    vnode_unref(exe);
}

#endif
