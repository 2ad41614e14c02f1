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

/* p left the address space that its vfork parent waits for. Twice does no harm. */
void vfork_release(struct proc *p);
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
