/* SPDX-License-Identifier: MIT
 *
 * When memory runs out: programs that take all of it, or fork without end, are ended or get an
 * error, the rest lives on, and everything they had comes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "process_list.h"
#include "quire.h"
#include "tap.h"

#define PAGE    4096u
#define REFUSED 3 /* what crash ends with when the kernel said no */

static void only_on_quire(void)
{
    if (!tap_on_quire())
        tap_skip("would take all the memory of this machine");
}

static bool bounded(int status)
{
    return tap_exited_with(status, REFUSED) || tap_killed_by(status, SIGKILL);
}

static void test_memory(void)
{
    char *argv[] = {"/bin/crash", "memory", NULL};

    only_on_quire();
    CHECK(bounded(tap_program(argv, true)));
}

static void test_memory_again(void)
{
    only_on_quire();
    for (int i = 0; i < 3; i++) {
        char *argv[] = {"/bin/crash", "memory", NULL};
        CHECK(bounded(tap_program(argv, true)));
    }
    char *argv[] = {"/bin/hello", NULL};
    CHECK(tap_exited_with(tap_program(argv, true), 0));
}

static void test_fork_bomb(void)
{
    char *argv[] = {"/bin/crash", "forkbomb", NULL};

    only_on_quire();
    CHECK(bounded(tap_program(argv, true)));
}

static void count_bombs(const struct process *process, void *arg)
{
    unsigned *bombs = arg;

    *bombs += process->state != 'Z' && strcmp(process->name, "helper") == 0;
}

static unsigned bombs(void)
{
    unsigned n = 0;

    CHECK(process_for_each(count_bombs, &n) >= 0);
    return n;
}

/* Each of its processes leads a session, so that they have no group in common. They die, all of
 * them, and nobody else does: neither we nor who started us. */
static void test_session_bomb(void)
{
    char *argv[] = {"/tests/helper", "bomb", NULL}, *hello[] = {"/bin/hello", NULL};
    pid_t parent = getppid();

    only_on_quire();
    if (tap_count(0, 1) == 0)
        tap_skip("thousands of processes: only with the large counts");
    CHECK(tap_killed_by(tap_program(argv, true), SIGKILL));
    for (int i = 0; i < 60 && bombs() > 0; i++)
        sleep(1);
    CHECK_EQ(bombs(), 0);
    CHECK_EQ(getppid(), parent);
    CHECK(tap_exited_with(tap_program(hello, true), 0));
}

/* Two that want more than half each: one at least gets an answer, and both end. */
static void test_two_hogs(void)
{
    pid_t pids[2];

    only_on_quire();
    for (int i = 0; i < 2; i++) {
        char *argv[] = {"/bin/crash", "memory", NULL};
        pids[i] = spawn("t_memory", argv, 0);
        CHECK(pids[i] > 0);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(bounded(status));
    }
}

static uint64_t meminfo(const char *key)
{
    uint64_t value = 0;

    CHECK(proc_number("/proc/meminfo", key, &value) && value > 0);
    return value;
}

static char *map_bytes(size_t bytes)
{
    char *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void fill(volatile char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE)
        p[i] = 1;
}

/* overcommit_memory=2 is on the kernel's command line, as in test_options.py. */
static bool promises_are_kept(void)
{
    char line[256] = "";
    FILE *f = fopen("/proc/cmdline", "r");

    CHECK(f && fgets(line, sizeof line, f));
    fclose(f);
    return strstr(line, "overcommit_memory=2") != NULL;
}

/* Who runs out of memory is not who has most of it. */
static void test_largest_dies(void)
{
    only_on_quire();
    if (promises_are_kept())
        tap_skip("nobody runs out of what was promised");
    size_t frames = (size_t)meminfo("FramesFree");
    pid_t large = fork();
    if (large == 0) {
        size_t bytes = frames / 8 * 5 * PAGE;
        fill(map_bytes(bytes), bytes);
        for (;;)
            tap_pause_ms(1000);
    }
    CHECK(large > 0);
    while (meminfo("FramesFree") > frames / 2)
        tap_pause_ms(20);
    pid_t small = fork();
    if (small == 0) {
        fill(map_bytes(frames / 2 * PAGE), frames / 2 * PAGE);
        _exit(0);
    }
    CHECK(small > 0);
    int status;
    CHECK_EQ(waitpid(small, &status, 0), small);
    CHECK(tap_exited_with(status, 0));
    CHECK_EQ(waitpid(large, &status, 0), large);
    CHECK(tap_killed_by(status, SIGKILL));
}

/* Three quarters of what can be promised, twice, and the same for a child. */
static void test_promises(void)
{
    only_on_quire();
    size_t kib = (size_t)meminfo("CommitLimit") / 4 * 3;
    if (kib > 400 * 1024)
        tap_skip("more memory than a program can map twice");
    map_bytes(kib * 1024);
    if (!promises_are_kept())
        map_bytes(kib * 1024);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (promises_are_kept()) {
        CHECK(pid < 0 && errno == ENOMEM);
        CHECK(mmap(0, kib * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
              MAP_FAILED);
        return;
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
}

static uint64_t frames_free(void)
{
    return meminfo("FramesFree");
}

/* Keeps texts of /proc open until the kernel holds so many frames for them. */
static void hoards_texts(uint64_t frames)
{
    uint64_t least = frames_free() - frames;

    while (frames_free() > least && open("/proc/coremap", O_RDONLY) >= 0)
        continue;
    tap_pause_ms(60000);
    _exit(1);
}

static void hoards_pages(uint64_t frames)
{
    char *p =
        mmap(0, (size_t)frames * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (uint64_t i = 0; p != MAP_FAILED && i < frames; i++)
        p[i * PAGE] = 1;
    tap_pause_ms(60000);
    _exit(1);
}

static pid_t hoarder_start(void (*hoard)(uint64_t), uint64_t frames)
{
    pid_t pid = fork();

    if (pid == 0)
        hoard(frames);
    CHECK(pid > 0);
    return pid;
}

/* What the kernel keeps for open files is its owner's, too: whoever has most is ended, though the
 * others have more pages. */
static void test_open_files_count(void)
{
    uint64_t all, last = 0;
    pid_t texts, pages[20];
    int status = -1, polls = 0, quiet = 0;

    only_on_quire();
    all = frames_free();
    if (all > 40000)
        tap_skip("takes long on a large machine");
    texts = hoarder_start(hoards_texts, all / 16);
    while (quiet < 20 && polls++ < 1000) { /* it has its last text, or no descriptor */
        uint64_t now = frames_free();
        quiet = now == last ? quiet + 1 : 0;
        last = now;
        tap_pause_ms(20);
    }
    if (last > all - all / 18) {
        kill(texts, SIGKILL);
        waitpid(texts, NULL, 0);
        tap_skip("all texts a process may open are too small here");
    }
    for (unsigned i = 0; i < TAP_COUNT(pages); i++)
        pages[i] = hoarder_start(hoards_pages, all / 21);
    for (polls = 0; waitpid(texts, &status, WNOHANG) == 0 && polls < 1000; polls++)
        tap_pause_ms(20);
    for (unsigned i = 0; i < TAP_COUNT(pages); i++) {
        CHECK_EQ(waitpid(pages[i], NULL, WNOHANG), 0);
        kill(pages[i], SIGKILL);
    }
    CHECK(tap_killed_by(status, SIGKILL));
}

/* Copies a file into ever more memory, as long as there is some. */
static void preads_for_ever(void)
{
    int fd = open("/bin/sh", O_RDONLY);
    char *p = MAP_FAILED;
    long got = PAGE;

    for (unsigned n = 0; got == PAGE; n++) {
        if (n % 256 == 0)
            p = mmap(0, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        got = sys_raw(SYS_pread64, fd, p + n % 256 * PAGE, PAGE, 0, 0, 0);
    }
    _exit(0);
}

/* The audit found something. Memory may be too short to say so, or to look at all. */
static bool audit_has_errors(void)
{
    static char report[8192];
    int fd = open("/proc/vmcheck", O_RDONLY);
    ssize_t got = read(fd, report, sizeof(report) - 1);

    close(fd);
    report[got > 0 ? got : 0] = '\0';
    return strstr(report, "error") != NULL;
}

/* An audit while somebody waits for memory in the middle of a copy. */
static void test_audit_without_memory(void)
{
    pid_t pids[3];

    only_on_quire();
    if (meminfo("FramesTotal") > 40000)
        tap_skip("takes long on a large machine");
    for (unsigned i = 0; i < TAP_COUNT(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            preads_for_ever();
        CHECK(pids[i] > 0);
    }
    for (unsigned i = 0; i < TAP_COUNT(pids);) {
        CHECK(!audit_has_errors());
        tap_pause_ms(20); /* or nobody gets on */
        if (waitpid(-1, NULL, WNOHANG) > 0)
            i++;
    }
}

static void test_mapping_too_large(void)
{
    static const size_t sizes[] = {0xffffffff, 0xfffff000, 0xc0000000, 0x80000000};

    for (size_t i = 0; i < TAP_COUNT(sizes); i++)
        CHECK_EQ(sys_raw(SYS_mmap2, 0, sizes[i], PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                 -ENOMEM);
}

static void test_address_space_full(void)
{
    long p;
    int count = 0;

    only_on_quire();
    do
        p = sys_raw(SYS_mmap2, 0, 16 * 1024 * 1024, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    while ((p > 0 || p < -4095) && ++count < 1000);
    CHECK_EQ(p, -ENOMEM);
    CHECK(count > 10);
}

static void test_malloc(void)
{
    for (int i = 0; i < 100; i++) {
        void *p = malloc(100000);
        CHECK(p != NULL);
        free(p);
    }
    CHECK(malloc(0x7fffffff) == NULL && errno == ENOMEM);
    char *argv[] = {"/bin/hog", "2M", NULL};
    CHECK(tap_exited_with(tap_program(argv, true), 0));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"taking all memory", test_memory},
        {"taking all memory, again", test_memory_again},
        {"two that take all memory", test_two_hogs},
        {"the largest dies", test_largest_dies},
        {"promises", test_promises},
        {"a fork bomb", test_fork_bomb},
        {"a fork bomb of sessions", test_session_bomb},
        {"what open files keep counts", test_open_files_count},
        {"an audit without memory", test_audit_without_memory},
        {"mappings larger than memory", test_mapping_too_large},
        {"an address space that is full", test_address_space_full},
        {"malloc", test_malloc},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
