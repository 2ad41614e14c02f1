/* SPDX-License-Identifier: MIT
 *
 * The last words of a kernel with a bug. Nothing here trusts what it finds: the locks of log and
 * console are broken, a panic inside the panic (or on another CPU meanwhile) stops at once; one of
 * the debugger's goes back to it. No allocation, no sleep, interrupts masked.
 */
#include "kern/panic.h"

#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/console.h"
#include "kern/cpu.h"
#include "kern/lockcheck.h"
#include "kern/log.h"
#include "kern/power.h"
#include "kern/spin.h"
#include "kern/symbols.h"
#include "kern/trace.h"
#include "lib/fmt.h"

#define FRAMES_SHOWN 32
#define TRACE_SHOWN  48

static struct {
    uint32_t entered;                      /* atomic: somebody panics */
    const struct panic_debugger *debugger; /* (c) after boot; or NULL */
} panicking;

void panic_set_debugger(const struct panic_debugger *debugger)
{
    panicking.debugger = debugger;
}

/* The first one in goes on; everybody else stops here, to be looked at. */
static void panic_enter(const struct trapframe *tf)
{
    while (__atomic_exchange_n(&panicking.entered, 1, __ATOMIC_SEQ_CST))
        cpu_pause(tf);
    lock_stop();
    trace_mask = 0;
    cpu_pause_others();
    log_break_locks();
    console_break_locks();
}

struct walk {
    unsigned shown; /* frames so far */
    bool trapped;   /* the first pc is where a trap happened, not a return address */
};

/* A return address is looked up by the call before it: a call that never returns may be the last
 * instruction of its function. */
static void panic_frame(uint32_t pc, void *arg)
{
    struct walk *walk = arg;
    uint32_t back = walk->trapped && walk->shown == 0 ? 0 : 4;
    uint32_t offset = 0;
    char buf[SYMBOL_NAME_MAX];
    const char *name = symbol_name(pc - back, &offset, buf);

    if (walk->shown++ >= FRAMES_SHOWN)
        return;
    if (name)
        log_printf("  %08lx %s+0x%lx\n", (unsigned long)pc, name, (unsigned long)(offset + back));
    else
        log_printf("  %08lx\n", (unsigned long)pc);
}

/* Records of all CPUs, as they came. A path's continuations are left out. */
static void panic_show_trace(void)
{
    struct trace_record r;
    char line[TRACE_LINE_MAX];
    unsigned n = 0;

    while (n < TRACE_SHOWN && trace_read(n, &r))
        n++;
    if (n > 0)
        log_printf("trace (ticks, cpu, thread, event), oldest first:\n");
    while (n-- > 0 && trace_read(n, &r))
        if (r.event != TRACE_MORE && trace_format(&r, false, line) > 0)
            log_printf("  %s\n", line);
}

static void panic_end(const struct trapframe *tf) __noreturn;
static void panic_end(const struct trapframe *tf)
{
    if (power_has_semihosting() || bootargs_is("panic", "poweroff"))
        power_off(1);
    log_printf("Stopped.\n");
    if (panicking.debugger)
        panicking.debugger->enter(tf);
    arch_halt();
}

static void panic_show(const struct trapframe *tf, const char *format, va_list ap) __noreturn;
static void panic_show(const struct trapframe *tf, const char *format, va_list ap)
{
    char message[256];
    struct walk walk = {.trapped = tf != NULL};

    irq_save();
    fmt_vsnprint(message, sizeof(message), format, ap);
    if (panicking.debugger)
        panicking.debugger->caught(message);
    panic_enter(tf);
    log_printf("\n");
    log_printf("PANIC: %s\n", message);
    log_printf("cpu %u, thread %u, %lu ms after start\n", cpu_id(), cpu_thread_id(),
               (unsigned long)(clock_ns() / NSEC_PER_MSEC));
    arch_show_registers(tf ? tf : arch_noted_registers(), log_printf);
    log_printf("backtrace:\n");
    arch_backtrace(tf, panic_frame, &walk);
    panic_show_trace();
    panic_end(tf);
}

void panic(const char *format, ...)
{
    va_list ap;

    arch_note_registers();
    va_start(ap, format);
    panic_show(NULL, format, ap);
}

void panic_trap(const struct trapframe *tf, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    panic_show(tf, format, ap);
}
