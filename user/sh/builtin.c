/* SPDX-License-Identifier: MIT
 *
 * Commands that the shell runs itself, because they change it or ask about its children, and the
 * list that `help` prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"
#include "sh.h"

struct help_line {
    const char *name, *text;
};

static const struct help_line builtin_help[] = {
    {"bg [N|PID]", "let a stopped program go on in the background"},
    {"cd [DIR]", "change the working directory"},
    {"exit [N]", "leave the shell with status N"},
    {"fg [N|PID]", "a background or stopped program to the foreground: Ctrl-C ends it"},
    {"help", "this list"},
    {"jobs", "list background programs"},
    {"pwd", "print the working directory"},
    {"wait [PID|%N]", "wait for one or all background programs; Ctrl-C ends the wait"},
};

static const struct help_line program_help[] = {
    {"args", "print arguments and stack alignment (-e: environment)"},
    {"bench", "measure operations; all of them on the ramdisk of ./bench"},
    {"cat", "print files"},
    {"clock", "page-out's two hands: clock [-w [SECONDS] | spread FRAMES]"},
    {"cmp", "where two files differ: cmp [-s] FILE1 FILE2"},
    {"coremap", "a line for each page frame (-c: check them)"},
    {"cp", "copy files: cp FROM TO, cp FROM... DIRECTORY"},
    {"crash", "do something forbidden (alone: list what)"},
    {"dd", "copy blocks: dd if=FROM of=TO bs=BYTES count=N skip=N seek=N"},
    {"dmesg", "print the kernel's log"},
    {"echo", "print arguments"},
    {"elf", "show an ELF file and how it would be mapped"},
    {"false", "end with status 1"},
    {"forktree", "a tree of processes: forktree [DEPTH] [FANOUT]"},
    {"frames", "a map of physical memory (-w [SECONDS]: live, q ends)"},
    {"free", "memory in use and free"},
    {"hat", "what the MMU was told: hat flush | pageunload FRAME | pagesync FRAME"},
    {"hello", "say hello"},
    {"hog", "write and verify memory: hog SIZE[K|M]"},
    {"iostat", "what the disks do: iostat [SECONDS [LOOKS]]"},
    {"kdb", "stop the machine and debug the kernel"},
    {"kill", "end programs: kill [-SIGNAL] PID|%N|NAME..."},
    {"ktrace", "run a command; its system calls and page faults"},
    {"ln", "another name for a file: ln [-s] TARGET PATH"},
    {"load", "work on more memory than there is: load KIND SIZE ROUNDS SEED"},
    {"lockstat", "how often the kernel waits for its locks (debug kernel)"},
    {"ls", "list a directory (-l: with details)"},
    {"mkdir", "make directories"},
    {"mkswap", "make a disk a swap area: mkswap [-L LABEL] DEVICE"},
    {"mv", "rename files: mv FROM TO, mv FROM... DIRECTORY"},
    {"pagehash", "pages of a file that are in memory: pagehash FILE"},
    {"pftrace", "run a command; only its page faults"},
    {"picture", "a test picture on the framebuffer"},
    {"pmap", "segments of a process, and what it costs: pmap PID"},
    {"poweroff", "switch the machine off"},
    {"ps", "list processes (-m: what each costs the kernel)"},
    {"pt", "page table of a process: pt PID"},
    {"reboot", "restart the machine"},
    {"refs", "pages that a program touches, in order: refs COMMAND, refs -p PID"},
    {"repeat", "run a command many times: repeat N COMMAND"},
    {"rm", "remove files (-r: directories with what is in them)"},
    {"rmdir", "remove empty directories"},
    {"sh", "the shell: sh [FILE | -c COMMAND]"},
    {"slabinfo", "the kernel's own allocations"},
    {"sleep", "wait for some seconds"},
    {"spawn", "start in the background: spawn [-n N] COMMAND"},
    {"spin", "use the processor: spin [SECONDS]"},
    {"stack", "use stack: stack [KIB]; alone until it ends"},
    {"swapmap", "slots of swap in use, or of a process's pages: swapmap [PID]"},
    {"swapoff", "use a disk for swap no more"},
    {"swapon", "swap areas, or one more: swapon [[-p PRIO] DEVICE]"},
    {"sync", "wait until files are on their disks: sync [FILE...]"},
    {"tally", "memory that counts its page faults (-p: with its pmap)"},
    {"time", "run a command and say how long it took"},
    {"tiny", "end at once: the smallest program there is"},
    {"top", "busiest processes (-n LOOKS; every SECONDS; q ends)"},
    {"touch", "make files, or give them the time of now"},
    {"trace", "what the kernel records; switches it (trace status)"},
    {"true", "end with status 0"},
    {"uname", "what system this is (-a: all)"},
    {"uptime", "time since the start"},
    {"vmcheck", "check the memory system (-q: one line)"},
    {"vmstat", "memory counters: vmstat [-s | -d COMMAND... | SECONDS [LOOKS]]"},
    {"workers", "work that CPUs share: workers fault|fork [ROUNDS [N]]"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *program_text(const char *name)
{
    for (size_t i = 0; i < COUNT(program_help); i++)
        if (strcmp(program_help[i].name, name) == 0)
            return program_help[i].text;
    return "";
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The programs of a folder; all: also those of which nothing is said. */
static void folder_help(const char *path, bool all)
{
    char *names[128];
    size_t count = 0;
    struct dirent *entry;
    DIR *dir = opendir(path);

    while (dir && (entry = readdir(dir)) && count < COUNT(names))
        if (entry->d_name[0] != '.' && (names[count] = strdup(entry->d_name)))
            count++;
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof names[0], names_compare);
    for (size_t i = 0; i < count; i++) {
        if (all || *program_text(names[i]))
            printf("  %-13s %s\n", names[i], program_text(names[i]));
        free(names[i]);
    }
}

static int builtin_help_run(struct command *command)
{
    (void)command;
    printf("In the shell:\n");
    for (size_t i = 0; i < COUNT(builtin_help); i++)
        printf("  %-13s %s\n", builtin_help[i].name, builtin_help[i].text);
    printf("Programs in /bin:\n");
    folder_help("/bin", true);
    if (access("/tests", F_OK) == 0) {
        printf("Of the tests (ls /tests: all of them):\n");
        folder_help("/tests", false);
    }
    printf("COMMAND &  runs it in the background; ;  separates commands; $?  is the last status.\n"
           "Up and Down: earlier lines. Tab: completes, twice: lists. Ctrl-C: ends what runs, "
           "Ctrl-Z:\n"
           "stops it.\n");
    fflush(stdout);
    return 0;
}

static int builtin_cd(struct command *command)
{
    const char *to = command->argc > 1 ? command->argv[1] : "/";

    return chdir(to) < 0 ? fail("cd", to) : 0;
}

static int builtin_pwd(struct command *command)
{
    char path[1024];

    (void)command;
    if (!getcwd(path, sizeof path))
        return fail("pwd", "working directory");
    printf("%s\n", path);
    fflush(stdout);
    return 0;
}

static int builtin_exit(struct command *command)
{
    uint32_t status = (uint32_t)shell.status;

    if (command->argc > 1 && !number_parse(command->argv[1], &status)) {
        fprintf(stderr, "exit: %s: not a number\n", command->argv[1]);
        return 2;
    }
    shell.leaving = true;
    return (int)(status & 0xff);
}

static int builtin_wait(struct command *command)
{
    pid_t pid = command->argc > 1 ? job_pid(command->argv[1], false) : 0;

    if (pid < 0) {
        fprintf(stderr, "wait: %s: no process number and no job\n", command->argv[1]);
        return 2;
    }
    return jobs_wait(pid);
}

static int builtin_jobs(struct command *command)
{
    (void)command;
    return jobs_list();
}

static int builtin_fg(struct command *command)
{
    return job_foreground(command->argc > 1 ? command->argv[1] : NULL);
}

static int builtin_bg(struct command *command)
{
    return job_background(command->argc > 1 ? command->argv[1] : NULL);
}

static const struct {
    const char *name;
    int (*run)(struct command *command);
} builtins[] = {
    {"bg", builtin_bg},   {"cd", builtin_cd},         {"exit", builtin_exit},
    {"fg", builtin_fg},   {"help", builtin_help_run}, {"jobs", builtin_jobs},
    {"pwd", builtin_pwd}, {"wait", builtin_wait},
};

const char *builtin_name(size_t i)
{
    return i < COUNT(builtins) ? builtins[i].name : NULL;
}

bool builtin_run(struct command *command)
{
    for (size_t i = 0; i < COUNT(builtins); i++)
        if (strcmp(builtins[i].name, command->argv[0]) == 0) {
            shell.status = builtins[i].run(command);
            return true;
        }
    return false;
}
