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
/* Enters p: it can be found, and is parent's child (NULL: nobody's). (P) held. */
void proc_enter_locked(struct proc *p, struct proc *parent);
/* Takes a zombie away from its parent and gives its pid back and the reference up. (P) held. */
void proc_reap_locked(struct proc *p);
/* All processes, by their `all` links. (P) held. */
struct list *proc_list(void);
bool proc_locked(void);
/* Init, or NULL. (P) held. */
struct proc *proc_init(void);
/* The name of ps, from a path. */
void proc_set_comm(char comm[COMM_SIZE], const char *path);

/* p left the address space that its vfork parent waits for. Twice does no harm. */
void vfork_release(struct proc *p);
/* exit.c: init is gone. */
void init_died(int status) __noreturn;

#endif
