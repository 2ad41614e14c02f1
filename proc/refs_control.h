/* SPDX-License-Identifier: MIT
 *
 * Whose reference string is recorded, and when: a process has at most one record, which stays to be
 * read until another begins, it is cleared or the process is reaped. Words, as they are written to
 * /proc/PID/refs:
 *     start T_US|faults=N [PAGES] [refs=N] [exec] [hold]
 *     next | stop | clear
 * An interval ends after T_US microseconds, after N references, or by `next`; T_US 0: by that
 * alone. PAGES of room, 64 if not said. refs=N: no more than so many. exec: begins with the next
 * program that the process runs. hold: is cleared when the file is closed that said so. exec, else,
 * and exit end a recording; fork's child has none. Locks: control.lock (sleeps) for all of it;
 * as->lock and the process lock inside.
 */
#ifndef PROC_REFS_CONTROL_H
#define PROC_REFS_CONTROL_H

#include "fs/file.h"
#include "mm/refs.h"

struct proc;
struct recording;

/* Obeys a line of words written to f, the file of process pid: 0. *now: p's record then, with a
 * holder, or NULL. -EINVAL: no command, or a number out of bounds; -EBUSY: a recording goes on, of
 * the process or of its memory; -ENOMEM; -ESRCH: the process is gone. After an error all is as it
 * was. May sleep. */
int refs_command(int pid, const struct file *f, const char *line, struct refs **now);
/* The record of process pid with a holder; NULL: it has none, or is gone. */
struct refs *refs_of(int pid);
/* The file goes. */
void refs_closed(int pid, const struct file *f);

/* The process has left its memory for that of another program, for ever; secure: for a set-id one,
 * or one that may not be read, which nobody records unasked. May sleep. */
void refs_exec(struct proc *p, bool secure);
void refs_exit(struct proc *p);
/* One holder less of a process's recording, which has ended or never began. Any context. */
void recording_put(struct recording *rec);

#endif
