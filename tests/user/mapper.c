/* SPDX-License-Identifier: MIT
 *
 * /tests/mapper FILE WORD...: maps a file and does what the words say, one after the other, for
 * tests that look at the file from outside. r: FILE is only read from here on, as a word before the
 * others. sA,N pA,N: a mapping of N pages from page A on, shared or private. wP=TEXT: the text is
 * stored at the beginning of page P; lP: its first byte is printed. m f u c: msync, fsync, munmap,
 * close; an error is printed with its number. h: a child holds
 * what is open and mapped, until it is killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "quire.h"

#define PAGE    4096ul
#define MS_SYNC 4

static const char *path;
static long fd = -1;
static char *base;
static unsigned long first, pages;

static void say(const char *what, long result)
{
    if (result < 0)
        printf("%s: error %ld\n", what, -result);
}

static void open_file(int flags)
{
    fd = sys_raw(SYS_openat, LINUX_AT_FDCWD, path, flags, 0);
    say("open", fd);
}

static void map_pages(const char *word)
{
    int flags = word[0] == 's' ? MAP_SHARED : MAP_PRIVATE;
    char *end;
    long at;

    if (fd < 0)
        open_file(O_RDWR);
    first = strtoul(word + 1, &end, 0);
    pages = strtoul(end + 1, NULL, 0);
    at = sys_raw(SYS_mmap2, 0, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, first);
    if (at < 0 && at > -4096)
        say("mmap", at);
    else
        base = (char *)at;
}

static volatile char *page_at(const char *word, char **end)
{
    return base + (strtoul(word + 1, end, 0) - first) * PAGE;
}

static void store(const char *word)
{
    char *text;
    volatile char *at = page_at(word, &text);

    while (*++text)
        *at++ = *text;
}

static void load(const char *word)
{
    char *end;

    printf("page %s: %u\n", word + 1, (unsigned char)*page_at(word, &end));
}

/* A child goes on, with the mapping and the file, and sleeps for ever. */
static void hold(void)
{
    pid_t pid = fork();

    while (pid == 0)
        sleep(1000);
    printf("held by %d\n", (int)pid);
}

static void obey(const char *word)
{
    switch (word[0]) {
    case 'r': open_file(O_RDONLY); break;
    case 's':
    case 'p': map_pages(word); break;
    case 'w': store(word); break;
    case 'l': load(word); break;
    case 'm': say("msync", sys_raw(SYS_msync, base, pages * PAGE, MS_SYNC)); break;
    case 'f': say("fsync", sys_raw(SYS_fsync, fd)); break;
    case 'u': say("munmap", munmap(base, pages * PAGE)); break;
    case 'c': say("close", sys_raw(SYS_close, fd)); break;
    case 'h': hold(); break;
    default: printf("no word: %s\n", word);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    path = argv[1];
    printf("pid %d\n", (int)getpid());
    fflush(stdout);
    for (int i = 2; i < argc; i++)
        obey(argv[i]);
    return 0;
}
