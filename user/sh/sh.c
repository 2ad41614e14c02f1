/* SPDX-License-Identifier: MIT
 *
 * /bin/sh: reads lines and runs them. `sh FILE` and `sh -c COMMAND` run a script, whose status is
 * that of its last command. On a terminal it prompts and edits the line itself. A line is run as a
 * whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "quire.h"
#include "sh.h"

struct shell shell;

static enum line_result line_get(struct source *from, char *line, size_t *len)
{
    if (!shell.interactive)
        return line_read(from, line, len);
    jobs_reap();
    return line_edit(line, len);
}

/* Runs all lines of the source; the shell's status is that of the last. */
static void source_run(struct source *from)
{
    static char line[LINE_MAX_BYTES + 1];
    size_t len;

    while (!shell.leaving) {
        enum line_result result = line_get(from, line, &len);
        if (result == LINE_END)
            break;
        if (result == LINE_ERROR) {
            shell.status = fail("sh", "input");
            break;
        }
        if (result == LINE_OK) {
            line_run(line);
            continue;
        }
        if (result == LINE_INTERRUPTED) {
            shell.status = STATUS_INTERRUPTED;
            continue;
        }
        fprintf(stderr, "sh: line too long (%u bytes, at most %d)\n", (unsigned)len,
                LINE_MAX_BYTES);
        shell.status = 2;
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: sh [FILE | -c COMMAND]\n");
    return 2;
}

/* Keeps the terminal's signals from the shell itself; a kernel without sigaction says no. */
static void interactive_begin(const char *name)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

    shell.interactive = true;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal_ignore(signals[i], true);
    terminal_begin();
    history_begin();
    if (name[0] == '-')
        file_print("sh", "/etc/motd");
}

int main(int argc, char **argv)
{
    static struct source from;

    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        if (argc < 3)
            return usage();
        from.fd = -1;
        from.text = argv[2];
        from.filled = strlen(argv[2]);
    } else if (argc > 1) {
        if (argv[1][0] == '-')
            return usage();
        from.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        if (from.fd < 0) {
            fail("sh", argv[1]);
            return 127;
        }
    } else if (isatty(0)) {
        interactive_begin(argc > 0 ? argv[0] : "sh");
    }
    source_run(&from);
    if (shell.interactive && !shell.leaving)
        printf("\n");
    fflush(stdout);
    if (shell.interactive)
        terminal_give();
    return shell.status;
}
