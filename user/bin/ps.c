/* SPDX-License-Identifier: MIT
 *
 * ps [-m]: processes with parent, state, faults without and with input, resident and swapped
 * memory, processor time and command; with -m what each costs the kernel instead: segments, nodes
 * of its page table, objects that it maps, frames in memory, and the bytes of these and all the
 * rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process_list.h"
#include "quire.h"

/* The command with its arguments; a process without any is shown by its name in brackets. */
static void command_show(const struct process *process)
{
    char path[32];
    size_t len = 0;

    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)process->pid);
    char *text = file_read_all(path, &len);
    while (len > 0 && text[len - 1] == '\0')
        len--;
    for (size_t i = 0; i < len; i++) {
        char c = text[i] ? text[i] : ' ';
        putchar(c < ' ' ? '?' : c);
    }
    if (len == 0)
        printf("[%s]", process->name);
    putchar('\n');
    free(text);
}

static void process_show(const struct process *process, void *arg)
{
    char path[32];
    uint64_t swapped_kb = 0;

    (void)arg;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
    proc_number(path, "VmSwap", &swapped_kb);
    printf("%5d %5d %c %3lu %7lu %6lu %7lu %7lu %4lu.%02lu ", (int)process->pid,
           (int)process->parent, process->state, process->cpu, process->minor_faults,
           process->major_faults, process->resident_pages * 4, (unsigned long)swapped_kb,
           process->ticks / 100, process->ticks % 100);
    command_show(process);
}

static void memory_show(const struct process *process, void *arg)
{
    char path[32];
    struct process_cost cost;

    (void)arg;
    snprintf(path, sizeof path, "/proc/%d/cost", (int)process->pid);
    if (!process_cost_read(path, &cost))
        return;
    printf("%5d %8lu %5lu %7lu %6lu %8lu ", (int)process->pid,
           process_cost_count(&cost, "segments"), process_cost_count(&cost, "nodes"),
           process_cost_count(&cost, "objects"), process_cost_count(&cost, "frames"),
           cost.total_bytes);
    command_show(process);
}

int main(int argc, char **argv)
{
    bool memory = argc == 2 && strcmp(argv[1], "-m") == 0;

    if (argc > 1 && !memory) {
        fprintf(stderr, "usage: ps [-m]\n");
        return 2;
    }
    if (memory)
        printf("  PID SEGMENTS NODES OBJECTS FRAMES KERNEL B COMMAND\n");
    else
        printf("  PID  PPID S CPU  MINFLT MAJFLT  RES kB SWAP kB    TIME COMMAND\n");
    return process_for_each(memory ? memory_show : process_show, NULL) < 0 ? fail("ps", "/proc")
                                                                           : 0;
}
