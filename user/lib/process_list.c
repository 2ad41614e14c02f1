/* SPDX-License-Identifier: MIT
 *
 * Walks /proc and takes /proc/PID/stat apart. A name may hold blanks and brackets, so it ends at
 * the last closing bracket of the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

#include "process_list.h"
#include "quire.h"

#define FIRST_FIELD 3 /* the field after the name, counted from 1 */
#define FIELDS      40

static void fields_take(struct process *process, const unsigned long *field)
{
    process->parent = (pid_t)field[4];
    process->group = (pid_t)field[5];
    process->minor_faults = field[10];
    process->major_faults = field[12];
    process->ticks = field[14] + field[15];
    process->vsize_bytes = field[23];
    process->resident_pages = field[24];
    process->cpu = field[39];
}

static bool stat_parse(char *text, struct process *process)
{
    unsigned long field[FIELDS] = {0};
    char *open = strchr(text, '('), *close = strrchr(text, ')');

    if (!open || !close || close < open || close[1] != ' ')
        return false;
    *close = '\0';
    process->pid = atoi(text);
    snprintf(process->name, sizeof process->name, "%s", open + 1);
    process->state = close[2];
    char *p = close + 3;
    for (int i = FIRST_FIELD + 1; i < FIELDS; i++)
        field[i] = strtoul(p, &p, 10);
    fields_take(process, field);
    return true;
}

bool process_read(pid_t pid, struct process *process)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    char *text = file_read_all(path, NULL);
    bool ok = text && stat_parse(text, process);
    free(text);
    return ok;
}

/* KIND COUNT BYTES EACH; or total, without a count. */
static void cost_line(struct process_cost *cost, const char *kind, unsigned long count,
                      unsigned long bytes)
{
    if (strcmp(kind, "total") == 0) {
        cost->total_bytes = bytes;
        return;
    }
    if (bytes == 0 || cost->parts == COST_KINDS)
        return;
    snprintf(cost->part[cost->parts].kind, sizeof cost->part[0].kind, "%s", kind);
    cost->part[cost->parts].count = count;
    cost->part[cost->parts++].bytes = bytes;
}

bool process_cost_read(const char *path, struct process_cost *cost)
{
    char *text = file_read_all(path, NULL), *rest = NULL;

    memset(cost, 0, sizeof *cost);
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *words, *kind = strtok_r(line, " ", &words), *count = strtok_r(NULL, " ", &words);
        char *bytes = strtok_r(NULL, " ", &words);

        if (bytes)
            cost_line(cost, kind, strtoul(count, NULL, 10), strtoul(bytes, NULL, 10));
    }
    free(text);
    return text != NULL;
}

unsigned long process_cost_count(const struct process_cost *cost, const char *kind)
{
    for (unsigned i = 0; i < cost->parts; i++)
        if (strcmp(cost->part[i].kind, kind) == 0)
            return cost->part[i].count;
    return 0;
}

int process_for_each(void (*visit)(const struct process *process, void *arg), void *arg)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    struct process process;
    int count = 0;
    uint32_t pid;

    if (!dir)
        return -1;
    while ((entry = readdir(dir)))
        if (number_parse(entry->d_name, &pid) && process_read((pid_t)pid, &process)) {
            visit(&process, arg);
            count++;
        }
    closedir(dir);
    return count;
}
