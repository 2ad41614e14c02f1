/* SPDX-License-Identifier: MIT
 *
 * The shell's parts: where lines come from (line.c, on a terminal edit.c), how a line becomes
 * commands (parse.c), how a command runs (run.c, builtin.c), what runs in the background (jobs.c).
 */
#ifndef SH_SH_H
#define SH_SH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LINE_MAX_BYTES     1024
#define STATUS_INTERRUPTED (128 + 2)
#define WORDS_MAX          (LINE_MAX_BYTES / 2 + 1)

/* One simple command; its words are valid until the next is parsed. */
struct command {
    char *argv[WORDS_MAX + 1];
    int argc;
    bool background;
    bool piped;         /* its output is the next command's input */
    const char *input;  /* where its input comes from, or NULL */
    const char *output; /* where its output goes, or NULL */
    bool append;        /* behind what is there */
};

/* State of the whole shell. */
struct shell {
    int status;       /* $? */
    bool interactive; /* prompts, and gives each command a process group of its own */
    bool leaving;     /* exit was called */
};

extern struct shell shell;

/* Where lines are read from: a descriptor or a string. */
struct source {
    int fd; /* -1: the text alone */
    const char *text;
    size_t used, filled;
    char buf[4096];
};

enum line_result { LINE_OK, LINE_END, LINE_TOO_LONG, LINE_ERROR, LINE_INTERRUPTED };

/* Takes the next line without its newline into line (LINE_MAX_BYTES + 1 bytes); *len is its full
 * length even where it does not fit and was skipped. */
enum line_result line_read(struct source *from, char *line, size_t *len);
/* The same from the terminal: prompts, and the person edits the line. LINE_INTERRUPTED: Ctrl-C. */
enum line_result line_edit(char *line, size_t *len);

/* Parses the command at *pos and moves *pos behind it. 1: a command, 0: the end of the line, -1:
 * not a command, after a message. */
int command_parse(const char **pos, struct command *command);

/* Runs what the line says; nothing of it if it has an error in any place. */
void line_run(const char *line);

/* The name of the shell's own command number i; NULL behind the last. */
const char *builtin_name(size_t i);
/* True if the word was a command of the shell itself, which has run. */
bool builtin_run(struct command *command);

/* Waits until the program in the foreground has ended, or a Ctrl-Z has stopped it, which makes it a
 * job, and takes the terminal back; its status. */
int foreground_wait(char *const argv[], pid_t pid);

/* Notes a child in the background and prints its number. */
void job_add(pid_t pid, char *const argv[]);
/* The same of one that was stopped in the foreground. */
void job_stopped(pid_t pid, char *const argv[]);
/* The process that a word means: "%N" job N; a number alone a process or, with numbers, a job if
 * there is one. -1: the word means none. */
pid_t job_pid(const char *word, bool numbers);
/* Puts processes and groups in the place of the words "%N" of a kill; false after a message. */
bool jobs_for_kill(struct command *command);
int jobs_list(void);
/* Gives a job (NULL: the one started last) the foreground and waits for it; its status. */
int job_foreground(const char *word);
/* Lets a stopped job (NULL: the one started last) go on in the background. */
int job_background(const char *word);
/* Collects what has ended or was stopped, and says so if the shell is interactive. */
void jobs_reap(void);
/* Waits for one (pid) or all (0) children; returns the status of the last, 127: no such child.
 * Ctrl-C ends the waiting, not the children: STATUS_INTERRUPTED. */
int jobs_wait(pid_t pid);

#endif
