/* SPDX-License-Identifier: MIT
 *
 * /tests/mmu CASE: does what needs maintenance of TLBs or caches, once, and touches nothing that a
 * kernel which forgot it would show wrongly under QEMU: the program of tests/qemu/test_lint.py.
 * Status 0: all as it should be.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096u

enum { READ = PROT_READ, WRITE = PROT_READ | PROT_WRITE, EXEC = PROT_READ | PROT_EXEC };

static uint32_t *map(int prot)
{
    uint32_t *p = mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static int pin_to(uint32_t mask)
{
    return (int)syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask);
}

static int unmap(void)
{
    volatile uint32_t *p = map(WRITE);

    *p = 1;
    return munmap((void *)p, PAGE);
}

static int protect(void)
{
    volatile uint32_t *p = map(WRITE);

    *p = 1;
    return mprotect((void *)p, PAGE, EXEC) || *p != 1;
}

/* Its page is known on core 1 when core 0 changes it; back on core 1 nobody touches it. */
static int other_core(void)
{
    volatile uint32_t *p = map(WRITE);

    if (pin_to(2))
        return 1;
    *p = 1;
    return pin_to(1) || mprotect((void *)p, PAGE, PROT_READ) || pin_to(2) || *p != 1;
}

/* More processes at once than kernel stacks are kept for. */
static int processes(void)
{
    pid_t pids[40];
    int status;

    for (unsigned i = 0; i < 40; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            for (;;)
                sleep(100);
        if (pids[i] < 0)
            return 1;
    }
    for (unsigned i = 0; i < 40; i++)
        if (kill(pids[i], SIGKILL) || waitpid(pids[i], &status, 0) != pids[i])
            return 1;
    return 0;
}

/* More address spaces than there are ASIDs. */
static int spaces(void)
{
    for (int i = 0; i < 300; i++) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
            _exit(i % 100);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i % 100)
            return 1;
    }
    return 0;
}

/* ldr r0, [r0]; bx lr: a page of it, in this program's text. */
#define LOAD 0xe5900000, 0xe12fff1e
static const uint32_t in_text[PAGE / sizeof(uint32_t)] __attribute__((aligned(PAGE))) = {LOAD};

static int call(const uint32_t *code)
{
    uint32_t word = 7;
    int (*f)(uint32_t *) = (int (*)(uint32_t *))(uintptr_t)code;

    return f(&word) != 7;
}

/* Code is written, run, and written again. */
static int write_code(void)
{
    uint32_t *p = map(WRITE);

    for (int i = 0; i < 2; i++) {
        memcpy(p, in_text, 2 * sizeof in_text[0]);
        if (mprotect(p, PAGE, EXEC) || call(p) || mprotect(p, PAGE, WRITE))
            return 1;
    }
    return 0;
}

/* A page of this program's text is copied because it is written to, and run. */
static int copy_text(void)
{
    volatile uint32_t *last = (volatile uint32_t *)&in_text[PAGE / sizeof in_text[0] - 1];

    if (call(in_text) || mprotect((void *)(uintptr_t)in_text, PAGE, WRITE))
        return 1;
    *last = 1;
    return mprotect((void *)(uintptr_t)in_text, PAGE, EXEC) || call(in_text);
}

/* The zero page that was read gives way to one of its own. */
static int replace(void)
{
    volatile uint32_t *p = map(WRITE);

    if (*p != 0)
        return 1;
    *p = 1;
    return *p != 1;
}

/* The kernel reads the vector of buffers. */
static int user_pointer(void)
{
    struct {
        const char *base;
        size_t len;
    } vector[] = {{"written ", 8}, {"by writev\n", 10}};

    return syscall(SYS_writev, 1, vector, 2) != 18;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    {"unmap", unmap},         {"protect", protect}, {"other_core", other_core},
    {"processes", processes}, {"spaces", spaces},   {"write_code", write_code},
    {"copy_text", copy_text}, {"replace", replace}, {"user_pointer", user_pointer},
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            int status = cases[i].run();

            printf("mmu %s: %s\n", cases[i].name, status ? "wrong" : "fine");
            return status;
        }
    }
    return 2;
}
