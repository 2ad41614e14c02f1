/* SPDX-License-Identifier: MIT
 *
 * kdb itself: the way in and out, lines, the table of commands. Runs on one CPU with interrupts
 * masked, on a stack of its own, with the UART polled; all other CPUs pause. A fault or a failed
 * assertion while a command runs comes back to the loop.
 * Invariant: kdb.owner is the CPU in here plus 1, or 0; the rest is the owner's. Locks: none.
 */
#include "kern/kdb.h"

#include <string.h>

#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/console.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/panic.h"
#include "kern/spin.h"
#include "kern/symbols.h"
#include "lib/fmt.h"

#define LINE_BYTES  128u
#define ARGS_MAX    8u
#define FRAMES_MAX  32u
#define STACK_BYTES 8192u
#define CTRL(c)     ((c)&31)
#define DELETE      127

extern const struct kdb_command __kdb_start[], __kdb_end[]; /* linker script */

static struct {
    uint32_t owner; /* atomic */
    const char *why;
    const struct trapframe *frame; /* what this CPU did when it came in */
    bool panicked;                 /* there is no way back */
    bool leave;
    bool running;    /* a command runs: faults are its own */
    bool stopped;    /* Ctrl-C */
    int typed_ahead; /* a character, or -1 */
    void *back[5];   /* to the loop, for __builtin_longjmp */
    char line[LINE_BYTES];
} kdb;

static char kdb_stack[STACK_BYTES] __aligned(8);

static int take_char(void)
{
    int c = kdb.typed_ahead;

    kdb.typed_ahead = -1;
    return c >= 0 ? c : console_getc_stopped();
}

bool kdb_stopped(void)
{
    if (!kdb.stopped && kdb.typed_ahead < 0) {
        kdb.typed_ahead = console_getc_stopped();
        if (kdb.typed_ahead == CTRL('c')) {
            kdb.typed_ahead = -1;
            console_write_stopped("^C\n", 3);
            kdb.stopped = true;
        }
    }
    return kdb.stopped;
}

void kdb_printf(const char *format, ...)
{
    char text[160];
    va_list ap;
    int n;

    va_start(ap, format);
    n = fmt_vsnprint(text, sizeof(text), format, ap);
    va_end(ap);
    if (!kdb_stopped())
        console_write_stopped(text, MIN((size_t)n, sizeof(text) - 1));
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool kdb_number(const char *s, unsigned base, uint32_t *value)
{
    const char *p = s[0] == '0' && s[1] == 'x' ? s + 2 : s;
    uint64_t n = 0;

    if (p != s)
        base = 16;
    do {
        unsigned digit = (unsigned)digit_of(*p);

        n = n * base + digit;
        if (digit >= base || n > UINT32_MAX) {
            kdb_printf("%s: not a number of base %u\n", s, base);
            return false;
        }
    } while (*++p);
    *value = (uint32_t)n;
    return true;
}

const struct trapframe *kdb_cpu_frame(unsigned cpu)
{
    const struct trapframe *tf = NULL;

    if (cpu == cpu_id())
        return kdb.frame;
    return cpu_is_paused(cpu, &tf) ? tf : NULL;
}

/* A return address is looked up by the call before it: a call that never returns may be the last
 * instruction of its function. */
void kdb_print_pc(uint32_t pc, bool is_return)
{
    uint32_t offset = 0, back = is_return ? 4 : 0;
    char buf[SYMBOL_NAME_MAX];
    const char *name = symbol_name(pc - back, &offset, buf);

    if (name)
        kdb_printf("%08x %s+0x%x\n", pc, name, offset + back);
    else
        kdb_printf("%08x\n", pc);
}

static void print_frame(uint32_t pc, void *arg)
{
    unsigned *n = arg;

    if (*n < FRAMES_MAX) {
        kdb_printf("  ");
        kdb_print_pc(pc, *n > 0);
    }
    ++*n;
}

void kdb_backtrace(const struct trapframe *tf)
{
    unsigned n = 0;

    arch_backtrace(tf, print_frame, &n);
}

static unsigned split(char *line, char **argv)
{
    unsigned argc = 0;

    for (char *p = line; argc < ARGS_MAX;) {
        while (*p == ' ')
            *p++ = '\0';
        if (!*p)
            break;
        argv[argc++] = p;
        while (*p && *p != ' ')
            p++;
    }
    return argc;
}

/* Types the line at the prompt, as far as it can be edited: backspace, Ctrl-U, Ctrl-C. */
static void read_line(void)
{
    size_t n = 0;
    int c;

    console_write_stopped("kdb> ", 5);
    while ((c = take_char()) != '\r' && c != '\n') {
        char ch = (char)c;

        if ((c == '\b' || c == DELETE) && n > 0) {
            n--;
            console_write_stopped("\b \b", 3);
        } else if (c == CTRL('u') || c == CTRL('c')) {
            n = 0;
            console_write_stopped("\nkdb> ", 6);
        } else if (c >= ' ' && c < DELETE && n < sizeof(kdb.line) - 1) {
            kdb.line[n++] = ch;
            console_write_stopped(&ch, 1);
        }
    }
    kdb.line[n] = '\0';
    console_write_stopped("\n", 1);
}

/* Not inlined: a fault in the command comes back into this frame. */
static __noinline void run_command(const struct kdb_command *command, unsigned argc, char **argv)
{
    kdb.stopped = false;
    kdb.running = true;
    if (!__builtin_setjmp(kdb.back))
        command->run(argc, argv);
    kdb.running = false;
}

/* How many words must stand behind the name. */
static unsigned words_needed(const char *args)
{
    unsigned n = 0;

    for (bool inside = false; *args && *args != '['; args++) {
        n += *args != ' ' && !inside;
        inside = *args != ' ';
    }
    return n;
}

static void run_line(void)
{
    char *argv[ARGS_MAX];
    unsigned argc = split(kdb.line, argv);

    if (argc == 0)
        return;
    for (const struct kdb_command *c = __kdb_start; c < __kdb_end; c++) {
        if (strcmp(c->name, argv[0]) != 0)
            continue;
        if (argc > words_needed(c->args))
            run_command(c, argc, argv);
        else
            kdb_printf("usage: %s %s\n", c->name, c->args);
        return;
    }
    kdb_printf("%s: unknown; `help` lists the commands\n", argv[0]);
}

static void show_silent_cpus(void)
{
    const struct trapframe *tf;

    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpus_online() >> i & 1 && i != cpu_id() && !cpu_is_paused(i, &tf))
            kdb_printf("kdb: cpu %u does not answer\n", i);
}

static void kdb_main(const struct trapframe *tf, void *interrupted)
{
    kdb.frame = interrupted ? interrupted : tf;
    kdb.leave = kdb.stopped = false;
    kdb.typed_ahead = -1;
    kdb_printf("\nkdb: %s on cpu %u, thread %u; `help` lists the commands\n", kdb.why, cpu_id(),
               cpu_thread_id());
    show_silent_cpus();
    while (!kdb.leave) {
        read_line();
        kdb.stopped = false;
        run_line();
    }
}

/* True: this CPU is in. A CPU that is in wants the others to pause, us too. */
static bool try_enter(void)
{
    uint32_t nobody = 0;

    if (__atomic_compare_exchange_n(&kdb.owner, &nobody, cpu_id() + 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return true;
    if (cpu_must_pause())
        cpu_pause(irq_frame());
    return false;
}

static void kdb_enter(const char *why, const struct trapframe *interrupted)
{
    uint32_t mask = irq_save();

    while (!try_enter())
        continue;
    cpu_pause_others();
    kdb.why = why;
    arch_call_debugger(kdb_main, (void *)interrupted, kdb_stack + STACK_BYTES);
    cpu_resume_others();
    __atomic_store_n(&kdb.owner, 0, __ATOMIC_RELEASE);
    irq_restore(mask);
}

static void kdb_break(void)
{
    const struct trapframe *tf = irq_frame();

    kdb_enter(tf ? "BREAK" : "called", tf);
}

/* The other CPUs have stopped already. */
static void kdb_panic(const struct trapframe *tf)
{
    kdb.panicked = true;
    if (try_enter()) {
        kdb.why = "panic";
        arch_call_debugger(kdb_main, (void *)tf, kdb_stack + STACK_BYTES);
    }
}

static void kdb_caught(const char *message)
{
    if (!kdb.running || kdb.owner != cpu_id() + 1)
        return;
    kdb_printf("kdb: %s\n", message);
    __builtin_longjmp(kdb.back, 1);
}

static void cmd_help(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    for (const struct kdb_command *c = __kdb_start; c < __kdb_end; c++)
        kdb_printf("%-8s %-14s %s\n", c->name, c->args, c->help);
    kdb_printf("Addresses and frames are hexadecimal. Ctrl-C ends a command.\n");
}

static void cmd_continue(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    kdb.leave = !kdb.panicked;
    if (kdb.panicked)
        kdb_printf("not after a panic: poweroff or reboot\n");
}

KDB_COMMAND(help, "", "this list", cmd_help);
KDB_COMMAND(c, "", "continue", cmd_continue);

void kdb_init(void)
{
    static const struct panic_debugger debugger = {.enter = kdb_panic, .caught = kdb_caught};

    if (bootargs_is("kdb", "0"))
        return;
    console_on_break(kdb_break);
    panic_set_debugger(&debugger);
}
