/* SPDX-License-Identifier: MIT
 *
 * kdb, the debugger on the machine's own UART: entered by a panic, by a BREAK on the line and by
 * who writes to /dev/kdb, while all CPUs stand still. A module's commands are KDB_COMMAND() entries
 * in a file kdb_*.c of its own, which nothing else needs. What a command looks at may be halfway
 * through a change: it takes no lock, trusts nothing, and may run into a fault, which ends the
 * command and not the machine.
 */
#ifndef KERN_KDB_H
#define KERN_KDB_H

#include "lib/base.h"

struct trapframe;

struct kdb_command {
    const char *name;
    const char *args; /* a word each; those from the first [ on may be left out */
    const char *help;
    void (*run)(unsigned argc, char **argv); /* argv[0] is the name */
};

#define KDB_COMMAND(ident, arguments, text, function)                                              \
    static const struct kdb_command ident##_command                                                \
        __attribute__((used, section(".kdb." #ident), aligned(4))) = {#ident, arguments, text,     \
                                                                      function}

/* Switches kdb on, unless kdb=0 is on the command line. */
void kdb_init(void);

/* Output, cut at 159 bytes, dropped once Ctrl-C came. */
void kdb_printf(const char *format, ...) __printf(1, 2);
/* Ctrl-C came: long loops end. */
bool kdb_stopped(void);
/* The number that s spells in this base (a leading 0x is fine); says so and is false if it is none.
 */
bool kdb_number(const char *s, unsigned base, uint32_t *value);

/* The registers of a CPU, this one or one that stands still; NULL: not known. */
const struct trapframe *kdb_cpu_frame(unsigned cpu);
/* A line for each function from tf outwards. */
void kdb_backtrace(const struct trapframe *tf);
/* address or address name+offset, of code. */
void kdb_print_pc(uint32_t pc, bool is_return);

#endif
