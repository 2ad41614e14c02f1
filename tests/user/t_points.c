/* SPDX-License-Identifier: MIT
 *
 * What the SunOS papers promise of mappings, as a user sees it in `pmap`, `pagehash` and the number
 * of frames. (Truncation is in t_mmap_file, devices in t_device, taking back in t_hat.)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "files.h"
#include "mapping.h"

#define PAGES 16

static int file_make(void)
{
    static char page[PAGE];
    long fd = files_open("file", CREATE, 0644);

    CHECK(fd >= 0);
    for (unsigned i = 0; i < PAGES; i++) {
        memset(page, 'a' + (int)i, PAGE);
        CHECK_EQ(write((int)fd, page, PAGE), PAGE);
    }
    return (int)fd;
}

static void end(int fd)
{
    close(fd);
    files_remove_below(".");
    files_end("points");
}

static char *file_map(int fd, int prot, int flags)
{
    char *p = mmap(NULL, PAGES * PAGE, prot, flags, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* The line of /proc/self/pmap for the segment at p. */
static void pmap_line(const void *p, char *line, size_t size)
{
    char *text = file_read_all("/proc/self/pmap", NULL), *at, base[16];

    CHECK(text != NULL);
    snprintf(base, sizeof base, "\n%08lx ", (unsigned long)(uintptr_t)p);
    at = strstr(text, base);
    CHECK(at != NULL);
    snprintf(line, size, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    free(text);
}

static void test_pmap(void)
{
    char line[120], wanted[100];
    volatile char *p;
    int fd;

    files_begin("points");
    fd = file_make();
    p = file_map(fd, RW, MAP_SHARED);
    p[0] = 'X';
    CHECK(p[PAGE] == 'b' && p[2 * PAGE] == 'c');
    CHECK_EQ(munmap((void *)(p + 3 * PAGE), (PAGES - 3) * PAGE), 0);
    pmap_line((void *)p, line, sizeof line);
    snprintf(wanted, sizeof wanted,
             "%08lx       12 shared rw- rwx  s ---- /tmp/points/file/0 3 1 0",
             (unsigned long)(uintptr_t)p);
    CHECK(strcmp(line, wanted) == 0);
    end(fd);
}

/* What `pagehash file` prints. */
static char *pagehash(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        char *argv[] = {"/bin/pagehash", "file", NULL};

        dup2((int)files_open("out", CREATE | LINUX_O_TRUNC, 0644), 1);
        execve(argv[0], argv, environ);
        _exit(127);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    return file_read_all("out", NULL);
}

static void test_one_frame(void)
{
    char wanted[80], page[PAGE], *text;
    unsigned long a, b;
    volatile char *p, *q;
    int fd;

    files_begin("points");
    fd = file_make();
    CHECK(lseek(fd, 2 * PAGE, SEEK_SET) == 2 * PAGE && read(fd, page, PAGE) == (int)PAGE);
    p = file_map(fd, RW, MAP_SHARED);
    q = file_map(fd, PROT_READ, MAP_PRIVATE);
    CHECK(p[2 * PAGE] == 'c' && q[2 * PAGE] == 'c');
    a = frame_of(p + 2 * PAGE);
    b = frame_of(q + 2 * PAGE);
    CHECK_EQ(a, b);
    text = pagehash();
    CHECK(text != NULL);
    snprintf(wanted, sizeof wanted, "page 2: frame %lx: 2 entries, ", a);
    CHECK(strstr(text, wanted) != NULL);
    snprintf(wanted, sizeof wanted, "%d of %d pages in memory\n", PAGES, PAGES);
    CHECK(strstr(text, wanted) != NULL);
    free(text);
    CHECK(lseek(fd, 2 * PAGE, SEEK_SET) == 2 * PAGE && write(fd, "!", 1) == 1);
    CHECK(p[2 * PAGE] == '!' && q[2 * PAGE] == '!');
    p[2 * PAGE] = '?';
    CHECK(lseek(fd, 2 * PAGE, SEEK_SET) == 2 * PAGE && read(fd, page, 1) == 1 && page[0] == '?');
    end(fd);
}

/* A program that runs: its text is the file's own frames, as long as nobody writes. */
static void test_text(void)
{
    unsigned long page, mapped;
    uintptr_t text = (uintptr_t)&test_text & ~(uintptr_t)(PAGE - 1);
    long fd = files_open("/proc/self/exe", O_RDONLY, 0);
    volatile char *p;

    CHECK(fd >= 0);
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, (int)fd, (off_t)(text - 0x10000));
    CHECK(p != MAP_FAILED);
    CHECK(memcmp((void *)p, (void *)text, PAGE) == 0);
    page = frame_of((void *)text);
    mapped = frame_of(p);
    CHECK_EQ(page, mapped);
    close((int)fd);
}

static void test_private(void)
{
    unsigned long before, after;
    volatile char *own, *p;
    long frames;
    int fd;

    files_begin("points");
    fd = file_make();
    p = file_map(fd, PROT_READ, MAP_SHARED);
    own = file_map(fd, RW, MAP_PRIVATE);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(own[i * PAGE], p[i * PAGE]);
    before = frame_of(own + 4 * PAGE);
    frames = tap_frames();
    for (unsigned i = 0; i < 5; i++) {
        own[i * PAGE] = 'P';
        own[i * PAGE + 1] = 'Q';
    }
    CHECK_EQ(tap_frames() - frames, 5);
    after = frame_of(own + 4 * PAGE);
    CHECK(before != after);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(p[i * PAGE], 'a' + (int)i);
    end(fd);
}

static int write_one(void *arg)
{
    *(volatile char *)arg = 1;
    return 0;
}

static void test_protect(void)
{
    char *p = pages_map(3, RW);
    int fd;

    p[0] = p[PAGE] = p[2 * PAGE] = 1;
    CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 3), 3);
    CHECK(tap_killed_by(tap_child(write_one, p + PAGE), SIGSEGV));
    CHECK(tap_exited_with(tap_child(write_one, p + 2 * PAGE), 0));
    CHECK_EQ(mprotect(p + PAGE, PAGE, RW), 0);
    CHECK_EQ(segments_count(p, 3), 1);
    files_begin("points");
    close(file_make());
    fd = (int)files_open("file", O_RDONLY, 0);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mprotect(p, PAGE, RW) == -1 && errno == EACCES);
    end(fd);
}

static void test_unmap_middle(void)
{
    volatile char *p = pages_map(PAGES, RW);
    long frames;

    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = (char)i;
    frames = tap_frames();
    CHECK_EQ(munmap((void *)(p + 3 * PAGE), 7 * PAGE), 0);
    CHECK_EQ(frames - tap_frames(), 7 - 1); /* a segment more */
    for (unsigned i = 0; i < PAGES; i++)
        if (i < 3 || i >= 10)
            CHECK_EQ(p[i * PAGE], (int)i);
}

/* Waits until the other process has come that far. */
static void await(const volatile int *step, int wanted)
{
    for (int ms = 0; *step < wanted; ms += 2) {
        CHECK(ms < 20000);
        tap_pause_ms(2);
    }
}

/* Its own stack is copied before it says that it is there. */
static void __attribute__((noreturn)) child_writes(volatile char *p, volatile int *step)
{
    tap_pause_ms(2);
    *step = 1;
    await(step, 2);
    for (unsigned i = 0; i < 5; i++)
        p[i * PAGE] = 'c';
    *step = 3;
    await(step, 4);
    _exit(0);
}

static void test_fork(void)
{
    /* In a node of the page table that nothing else is in. */
    volatile char *p = mmap((void *)0x20000000, PAGES * PAGE, RW, ANONYMOUS, -1, 0);
    volatile int *step = (volatile int *)pages_map_flags(1, RW, MAP_SHARED | MAP_ANONYMOUS);
    unsigned long before, after;
    long frames;
    int status;
    pid_t pid;

    CHECK(p != MAP_FAILED);
    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = 'p';
    *step = 0;
    before = frame_of(p + 9 * PAGE);
    pid = fork();
    if (pid == 0)
        child_writes(p, step);
    CHECK(pid > 0);
    await(step, 1);
    tap_frames();
    frames = tap_frames();
    *step = 2;
    await(step, 3);
    CHECK_EQ(tap_frames() - frames,
             5 + 1); /* and the child's copy of the node with their entries */
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(p[i * PAGE], 'p');
    *step = 4;
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    frames = tap_frames();
    p[9 * PAGE] = 'q'; /* the last owner: no copy */
    after = frame_of(p + 9 * PAGE);
    CHECK_EQ(after, before);
    CHECK_EQ(tap_frames(), frames);
}

/* More than the machine can back is refused at the call; what it promised, it keeps. */
static void test_promises(void)
{
    long limit = meminfo_kib("CommitLimit:"), before = meminfo_kib("Committed_AS:");
    uint32_t most = 0x38000000,
             bytes = limit > 0 && (uint32_t)limit < most >> 10 ? (uint32_t)limit << 10 : most;
    char *p = mmap(NULL, 64 * PAGE, RW, ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(meminfo_kib("Committed_AS:") - before, 64 * 4);
    if (bytes < most)
        CHECK(mmap(NULL, bytes + PAGE, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK_EQ(munmap(p, 64 * PAGE), 0);
    CHECK_EQ(meminfo_kib("Committed_AS:"), before);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"pmap", test_pmap},
        {"a file's page has one frame", test_one_frame},
        {"a program's text is the file's frames", test_text},
        {"k writes to private pages copy k", test_private},
        {"mprotect in the middle, and fork", test_protect},
        {"munmap of the middle gives exactly that", test_unmap_middle},
        {"fork copies what is written", test_fork},
        {"promises are kept", test_promises},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
