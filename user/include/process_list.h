/* SPDX-License-Identifier: MIT
 *
 * The processes that /proc shows, for ps and kill.
 */
#ifndef PROCESS_LIST_H
#define PROCESS_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid, parent, group;
    char state;
    char name[32];
    unsigned long minor_faults, major_faults; /* those without and with input */
    unsigned long ticks;                      /* processor time, 10 ms each */
    unsigned long vsize_bytes, resident_pages;
    unsigned long cpu; /* that it runs on, or ran on last */
};

/* Reads /proc/PID/stat; false if there is no such process. */
bool process_read(pid_t pid, struct process *process);
/* What a process costs the kernel, by /proc/PID/cost; kinds as it names them. */
#define COST_KINDS 12
struct process_cost {
    struct {
        char kind[16];
        unsigned long count, bytes;
    } part[COST_KINDS];
    unsigned parts;
    unsigned long total_bytes;
};

/* path: of the file; false if it can't be read. */
bool process_cost_read(const char *path, struct process_cost *cost);
/* How many of the kind; 0 if there is no such kind. */
unsigned long process_cost_count(const struct process_cost *cost, const char *kind);

/* Calls visit for each process, in the order of /proc; returns their number, -1 and errno if /proc
 * can't be read. Those that end meanwhile are left out. */
int process_for_each(void (*visit)(const struct process *process, void *arg), void *arg);

#endif
