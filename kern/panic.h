/* SPDX-License-Identifier: MIT
 *
 * The end of a kernel with a bug: message, registers, backtrace with symbols, last trace records;
 * then stops, with the debugger if there is one, or powers off with status 1 where the boot
 * argument panic=poweroff (or exit=semihosting) says so. No user program, file, image or device can
 * cause one.
 */
#ifndef KERN_PANIC_H
#define KERN_PANIC_H

#include "lib/base.h"

struct trapframe;

void panic(const char *format, ...) __printf(1, 2) __noreturn;
/* As panic, for a fault in the kernel: shows tf's registers and walks its stack. */
void panic_trap(const struct trapframe *tf, const char *format, ...) __printf(2, 3) __noreturn;

struct panic_debugger {
    /* The machine has stopped after a panic; tf: registers of the fault, or NULL. May return. */
    void (*enter)(const struct trapframe *tf);
    /* If the panic is the debugger's own fault: shows the message and does not return. */
    void (*caught)(const char *message);
};
void panic_set_debugger(const struct panic_debugger *debugger);

#define kassert(x)                                                                                 \
    do {                                                                                           \
        if (unlikely(!(x)))                                                                        \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #x);                          \
    } while (0)

/* Only in debug builds: checks that cost. */
#define kdebug_assert(x)                                                                           \
    do {                                                                                           \
        if (IS_ENABLED(CONFIG_DEBUG))                                                              \
            kassert(x);                                                                            \
    } while (0)

#endif
