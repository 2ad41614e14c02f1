/* SPDX-License-Identifier: MIT
 *
 * Printing, names of errors, and what is seen of pages and files, for all themes. Lines go to
 * descriptor 1, each by a write of its own, so that children's lines come where they belong.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <sys/wait.h>

#include <signal.h>

#include "compare.h"
#include "line.h"

char seen[2048];

void saw(const char *format, ...)
{
    va_list args;
    size_t n = strlen(seen);

    va_start(args, format);
    vsnprintf(seen + n, sizeof(seen) - n, format, args);
    va_end(args);
}

void show_seen(const char *when)
{
    say("%s:%s", when, seen[0] ? seen : " nothing");
    seen[0] = '\0';
}

int action_of(int sig, void *handler, int flags)
{
    struct sigaction act = {.sa_flags = flags};

    if (flags & SA_SIGINFO)
        act.sa_sigaction = handler;
    else
        act.sa_handler = handler;
    return sigaction(sig, &act, NULL);
}

#define WINDOW_PAGES 256u

static int probe_file(void)
{
    static int fd = -1;

    if (fd < 0) {
        int low = open("/tmp/probe", O_RDWR | O_CREAT | O_TRUNC, 0600);

        fd = fcntl(low, F_DUPFD, 60); /* out of the way: the programs print descriptors */
        close(low);
    }
    return fd;
}

void say(const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    line_write(line, sizeof(line), format, args);
    va_end(args);
}

void about(const char *what)
{
    say("# %s", what);
}

const char *error_name(int error)
{
    static char number[16];
    const char *name = strerrorname_np(error);

    if (name)
        return name;
    snprintf(number, sizeof(number), "error %d", error);
    return number;
}

void observe(const char *call, long result)
{
    uint32_t offset = (uint32_t)result - WINDOW;

    if (result == -1)
        say("%s -> %s", call, error_name(errno));
    else if (offset < WINDOW_PAGES * PAGE)
        say("%s -> AT(%u)%s", call, (unsigned)(offset / PAGE), offset % PAGE ? " and some" : "");
    else
        say("%s -> %ld", call, result);
}

char *map(void *at, size_t len, int prot, int flags, int fd, unsigned page)
{
    return (char *)syscall(SYS_mmap2, at, len, prot, flags, fd, page);
}

char *fresh(unsigned first, unsigned npages)
{
    return map(AT(first), npages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void fresh_filled(unsigned first, unsigned npages)
{
    fresh(first, npages);
    for (unsigned i = 0; i < npages; i++)
        page_fill(AT(first + i), i);
}

void window_clear(void)
{
    munmap(AT(0), WINDOW_PAGES * PAGE);
}

void page_fill(char *page, unsigned seed)
{
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (char)('a' + (seed + i / 256) % 26);
}

int file_make(const char *name, unsigned bytes)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    char page[PAGE];

    for (unsigned at = 0; at < bytes; at += PAGE) {
        page_fill(page, at / PAGE);
        pwrite(fd, page, bytes - at < PAGE ? bytes - at : PAGE, (off_t)at);
    }
    return fd;
}

uint32_t sum_of(const void *bytes, size_t len, uint32_t sum)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ b[i]) * 16777619u;
    return sum;
}

/* Each byte's neighbours do not matter: the first one names the page. */
static char page_letter(const char *page)
{
    bool readable = pwrite(probe_file(), page, 1, 0) == 1;
    bool writable;
    char c = 0;

    if (!readable)
        return '.';
    pread(probe_file(), &c, 1, 0);
    writable = pread(probe_file(), (char *)page, 1, 0) == 1;
    if (c == 0)
        return writable ? 'Z' : 'z';
    if (c >= 'a' && c <= 'z')
        return writable ? (char)(c - 'a' + 'A') : c;
    return writable ? '#' : '+';
}

void show_pages(unsigned first, unsigned npages)
{
    char letters[WINDOW_PAGES + 1] = "";

    for (unsigned i = 0; i < npages; i++)
        letters[i] = page_letter(AT(first + i));
    say("pages %u: %s", first, letters);
}

void show_incore(unsigned first, unsigned npages)
{
    unsigned char in[WINDOW_PAGES];
    char text[WINDOW_PAGES + 1] = "";

    for (unsigned i = 0; i < npages; i++) {
        in[i] = 0;
        text[i] = mincore(AT(first + i), PAGE, &in[i]) ? '.' : (char)('0' + (in[i] & 1));
    }
    say("in core %u: %s", first, text);
}

static void show_stat(const char *what, const struct stat *s)
{
    say("%s: type %o mode %04o links %u owner %u:%u size %lld blocks %lld", what,
        (s->st_mode & S_IFMT) >> 12, s->st_mode & 07777, (unsigned)s->st_nlink, s->st_uid,
        s->st_gid, S_ISDIR(s->st_mode) ? -1 : (long long)s->st_size,
        S_ISDIR(s->st_mode) ? -1 : (long long)s->st_blocks);
}

static void show_contents(const char *what, int fd, const struct stat *s)
{
    char bytes[PAGE];
    uint32_t sum = 0;
    off_t at = 0;
    ssize_t n;

    if (!S_ISREG(s->st_mode) || s->st_size > 1024 * 1024)
        return;
    while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
        sum = sum_of(bytes, (size_t)n, sum);
        at += n;
    }
    say("%s: sum %08x of %lld", what, sum, (long long)at);
}

void show_fd(int fd)
{
    struct stat s;

    if (fstat(fd, &s)) {
        say("fd %d: %s", fd, error_name(errno));
        return;
    }
    show_stat("fd", &s);
    show_contents("fd", fd, &s);
}

void show_file(const char *path)
{
    struct stat s;
    int fd;

    if (lstat(path, &s)) {
        say("%s: %s", path, error_name(errno));
        return;
    }
    show_stat(path, &s);
    fd = S_ISREG(s.st_mode) ? open(path, O_RDONLY | O_NOATIME) : -1;
    if (fd >= 0) {
        show_contents(path, fd, &s);
        close(fd);
    }
}

static void show_end(const char *label, int status)
{
    if (WIFSIGNALED(status))
        say("%s: killed by SIG%s", label, sigabbrev_np(WTERMSIG(status)));
    else
        say("%s: ended with %d", label, WEXITSTATUS(status));
}

void in_child(const char *label, void (*body)(void))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        body();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        say("%s: fork: %s", label, error_name(errno));
    else
        show_end(label, status);
}

static char *volatile touched;

static void do_read(void)
{
    (void)*(volatile char *)touched;
}

static void do_write(void)
{
    *(volatile char *)touched = '!';
}

static void do_exec(void)
{
    ((void (*)(void))(uintptr_t)touched)();
}

static void touch_in_child(const char *what, const char *at, void (*body)(void))
{
    char label[64];

    touched = (char *)at;
    snprintf(label, sizeof(label), "%s AT(%u)+%u", what,
             (unsigned)(((uintptr_t)at - WINDOW) / PAGE), (unsigned)((uintptr_t)at % PAGE));
    in_child(label, body);
}

void show_read(const char *at)
{
    touch_in_child("read", at, do_read);
}

void show_write(char *at)
{
    touch_in_child("write", at, do_write);
}

void show_exec(char *at)
{
    touch_in_child("execute", at, do_exec);
}

void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}
