/* SPDX-License-Identifier: MIT
 *
 * fork and vfork: memory is copied as it was and goes separate ways, over deep chains, many
 * children and all kinds of pages; descriptors are shared; the parent of a vfork waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "process_list.h"
#include "quire.h"
#include "tap.h"

#define PAGE  4096u
#define PAGES 64u

static volatile uint32_t data_word = 1;
static volatile uint32_t bss_word;
static volatile char *memory;

static volatile char *memory_map(size_t pages)
{
    void *p = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static int change_everything(void *arg)
{
    volatile uint32_t *stack_word = arg;

    if (data_word != 1 || bss_word != 0 || *stack_word != 7)
        return 1;
    data_word = bss_word = *stack_word = 99;
    for (size_t i = 0; i < PAGES; i++) {
        if (memory[i * PAGE] != (char)i)
            return 2;
        memory[i * PAGE] = 'c';
    }
    return 0;
}

static void test_child_writes(void)
{
    volatile uint32_t stack_word = 7;

    memory = memory_map(PAGES);
    for (size_t i = 0; i < PAGES; i++)
        memory[i * PAGE] = (char)i;
    CHECK(tap_exited_with(tap_child(change_everything, (void *)&stack_word), 0));
    CHECK_EQ(data_word, 1);
    CHECK_EQ(bss_word, 0);
    CHECK_EQ(stack_word, 7);
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQ(memory[i * PAGE], (char)i);
}

/* The parent writes while the child lives; the child looks when the parent has stopped it from
 * nothing: it waits for a time in which the parent certainly ran. */
static void test_parent_writes(void)
{
    memory = memory_map(PAGES);
    for (size_t i = 0; i < PAGES; i++)
        memory[i * PAGE] = 'p';
    pid_t pid = fork();
    if (pid == 0) {
        tap_pause_ms(50);
        for (size_t i = 0; i < PAGES; i++)
            if (memory[i * PAGE] != 'p')
                _exit(1);
        _exit(0);
    }
    for (size_t i = 0; i < PAGES; i++)
        memory[i * PAGE] = 'q';
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQ(memory[i * PAGE], 'q');
}

#define DEPTH 20

/* Each generation marks one page, keeps what those before it wrote, and forks the next. */
static int generation(uint32_t depth)
{
    for (uint32_t i = 0; i < DEPTH; i++)
        if (memory[i * PAGE] != (i < depth ? (char)(i + 1) : 0))
            return 1;
    memory[depth * PAGE] = (char)(depth + 1);
    if (depth + 1 < DEPTH) {
        pid_t pid = fork();
        int status = -1;
        if (pid == 0)
            _exit(generation(depth + 1));
        if (waitpid(pid, &status, 0) != pid || !tap_exited_with(status, 0))
            return 2;
    }
    for (uint32_t i = 0; i < DEPTH; i++)
        if (memory[i * PAGE] != (i <= depth ? (char)(i + 1) : 0))
            return 3;
    return 0;
}

static void test_chain(void)
{
    memory = memory_map(DEPTH);
    CHECK_EQ(generation(0), 0);
}

/* A chain whose middle ends first: pages of the dead must live on in their grandchildren. */
static int orphan_body(void *arg)
{
    (void)arg;
    memory[0] = 'm';
    if (fork() == 0) {
        tap_pause_ms(30);
        _exit(memory[0] == 'm' && memory[PAGE] == 'g' ? 0 : 1);
    }
    return 0;
}

static void test_orphan(void)
{
    memory = memory_map(2);
    memory[0] = memory[PAGE] = 'g';
    CHECK(tap_exited_with(tap_child(orphan_body, NULL), 0));
    CHECK_EQ(memory[0], 'g');
    memory[PAGE] = 'x';
    tap_pause_ms(60);
}

#define CHILDREN 40

static void test_many_children(void)
{
    pid_t pids[CHILDREN];

    memory = memory_map(PAGES);
    for (int i = 0; i < CHILDREN; i++) {
        memory[0] = (char)i;
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            tap_pause_ms(20);
            bool same = memory[0] == (char)i;
            memory[0] = 'x';
            _exit(same ? i : 255);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(tap_exited_with(status, i));
    }
    CHECK_EQ(memory[0], CHILDREN - 1);
}

/* Untouched memory reads as zeroes on both sides, and stays apart when both write. */
static int zero_body(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < PAGES; i++)
        if (memory[i * PAGE] != 0)
            return 1;
    memory[5 * PAGE] = 1;
    return memory[6 * PAGE];
}

static void test_untouched(void)
{
    memory = memory_map(PAGES);
    CHECK(tap_exited_with(tap_child(zero_body, NULL), 0));
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQ(memory[i * PAGE], 0);
}

static int unmap_body(void *arg)
{
    (void)arg;
    munmap((void *)memory, PAGES * PAGE);
    volatile char *again = memory_map(PAGES);
    again[0] = 'n';
    return 0;
}

static void test_child_unmaps(void)
{
    memory = memory_map(PAGES);
    memory[0] = memory[(PAGES - 1) * PAGE] = 'k';
    CHECK(tap_exited_with(tap_child(unmap_body, NULL), 0));
    CHECK(memory[0] == 'k' && memory[(PAGES - 1) * PAGE] == 'k');
}

static int protect_body(void *arg)
{
    (void)arg;
    mprotect((void *)memory, PAGE, PROT_READ);
    return memory[0] == 'k' ? 0 : 1;
}

static void test_child_protects(void)
{
    memory = memory_map(1);
    memory[0] = 'k';
    CHECK(tap_exited_with(tap_child(protect_body, NULL), 0));
    memory[0] = 'w';
    CHECK_EQ(memory[0], 'w');
}

static int offset_body(void *arg)
{
    return lseek(*(int *)arg, 10, SEEK_SET) == 10 ? 0 : 1;
}

static void test_descriptors(void)
{
    int fd = open("/etc/motd", O_RDONLY);

    CHECK(fd >= 0);
    CHECK(tap_exited_with(tap_child(offset_body, &fd), 0));
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
}

static void test_vfork(void)
{
    static volatile int seen;
    int status = -1;
    pid_t pid = vfork();

    if (pid == 0) {
        seen = 1;
        _exit(33);
    }
    CHECK(pid > 0);
    CHECK(seen == 1 || !tap_on_quire());
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 33));
}

static void test_vfork_exec(void)
{
    char *argv[] = {"/bin/false", NULL};

    for (int i = 0; i < 10; i++) {
        int status = -1;
        pid_t pid = vfork();
        if (pid == 0) {
            execve(argv[0], argv, environ);
            _exit(126);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 1));
    }
}

static void test_vfork_killed(void)
{
    int status = -1;
    pid_t pid = vfork();

    if (pid == 0) {
        kill(getpid(), SIGKILL);
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGKILL));
}

static void test_clone_flags(void)
{
    if (!tap_on_quire())
        tap_skip("the emulator has rules of its own");
    CHECK_EQ(sys_raw(SYS_clone, 0x00010000 | 17, 0, 0, 0, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_clone, 0x00000800 | 17, 0, 0, 0, 0), -EINVAL);
}

/* The child goes on with the parent's floating-point registers, and each keeps its own. */
static void test_float_registers(void)
{
    volatile double seed = 1.5;
    double value = seed * 3;
    register long r0 __asm__("r0") = 17; /* SIGCHLD: clone as fork */
    register long r1 __asm__("r1") = 0;
    register long r7 __asm__("r7") = SYS_clone;
    int status = -1;

    __asm__ volatile("svc #0" : "+r"(r0), "+w"(value) : "r"(r1), "r"(r7) : "memory");
    if (r0 == 0) {
        double kept = value;
        value = kept * 2;
        sys_raw(SYS_sched_yield);
        _exit(kept == 4.5 && value == 9.0 ? 0 : 1);
    }
    long pid = r0;
    sys_raw(SYS_sched_yield);
    CHECK(value == 4.5);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
}

static void fork_how(const char *word, long result)
{
    int fd = open("/proc/self/fork", O_WRONLY);

    CHECK(fd >= 0);
    CHECK_EQ(sys_raw(SYS_write, fd, word, strlen(word)), result);
    close(fd);
}

static bool contains(const char *path, const char *word)
{
    char *text = file_read_all(path, NULL);
    bool found;

    CHECK(text != NULL);
    found = strstr(text, word) != NULL;
    free(text);
    return found;
}

/* Writes every page: 1 if that took as many faults as pages, 0 if nearly none, 2 for wrong bytes.
 */
static int write_pages(void)
{
    struct process before, after;

    if (!process_read(getpid(), &before))
        return 3;
    for (size_t i = 0; i < PAGES; i++) {
        if (memory[i * PAGE] != (char)i)
            return 2;
        memory[i * PAGE] = (char)(i + 1);
    }
    if (!process_read(getpid(), &after))
        return 3;
    return after.minor_faults - before.minor_faults >= PAGES;
}

static int child_writes_pages(void *arg)
{
    return contains("/proc/self/fork", arg) ? write_pages() : 4;
}

/* Anticipatory copying: neither the child nor the parent pays at its stores. */
static void test_copies_at_once(void)
{
    bool chaos = contains("/proc/cmdline", "hat=chaos"); /* more faults, at any time */

    fork_how("nothing", -EINVAL);
    fork_how("", -EINVAL);
    fork_how("copycopycopycopycopy", -EINVAL);
    for (int copy = 0; copy < 2; copy++) {
        const char *word = copy ? "copy" : "share";
        int status;

        fork_how(word, (long)strlen(word));
        memory = memory_map(PAGES);
        for (size_t i = 0; i < PAGES; i++)
            memory[i * PAGE] = (char)i;
        status = tap_child(child_writes_pages, (void *)word);
        CHECK(chaos || tap_exited_with(status, !copy));
        CHECK(tap_exited_with(status, 0) || tap_exited_with(status, 1));
        status = write_pages();
        CHECK(status <= 1 && (chaos || status == !copy));
        munmap((void *)memory, PAGES * PAGE);
    }
    fork_how("share\n", 6);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"the child's writes stay in the child", test_child_writes},
        {"the parent's writes stay in the parent", test_parent_writes},
        {"the child has the floating-point registers", test_float_registers},
        {"a chain of generations", test_chain},
        {"pages outlive the process between", test_orphan},
        {"many children", test_many_children},
        {"untouched memory", test_untouched},
        {"the child unmaps", test_child_unmaps},
        {"the child protects", test_child_protects},
        {"descriptors share their offset", test_descriptors},
        {"vfork", test_vfork},
        {"vfork and execve", test_vfork_exec},
        {"a vfork child is killed", test_vfork_killed},
        {"clone with impossible flags", test_clone_flags},
        {"fork that copies at once", test_copies_at_once},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
