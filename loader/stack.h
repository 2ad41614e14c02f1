/* SPDX-License-Identifier: MIT
 *
 * The stack of a new program: one fixed convention, that of Linux for ARM EABI.
 *
 *      USER_END        0x40000000
 *        up to 255 unmapped pages, by chance (none with `noaslr`)
 *      stack_top       end of the stack segment
 *        environment strings, each with its NUL
 *        argument strings, each with its NUL
 *        the path given to execve (AT_EXECFN)
 *        "v7l" (AT_PLATFORM)
 *        16 random bytes (AT_RANDOM)
 *        zeroes up to a multiple of 16
 *        auxiliary vector: pairs of words, the last one AT_NULL, 0
 *        pointers to the environment strings, 0
 *        pointers to the arguments, 0
 *      sp              argc; a multiple of 16
 *        the rest of the segment: zero-filled on demand; it grows downwards by faults
 *      stack_top - RLIMIT_STACK (as all begin: 8 MiB, STACK_LIMIT_PAGES): no growth below
 *        guard: at least 16 pages (STACK_GUARD_PAGES) that nothing may come nearer to
 *      mmap_top        mappings are placed below; moved down by chance by at most 16 MiB
 *
 * At the entry point r0 = 0, all other registers are 0, too, and the stack is not executable unless
 * the program's PT_GNU_STACK asks for it.
 */
#ifndef LOADER_STACK_H
#define LOADER_STACK_H

#include "fs/cred.h"
#include "loader/args.h"
#include "mm/as.h"

#define STACK_LIMIT_PAGES  2048u  /* RLIMIT_STACK as all processes begin */
#define STACK_ROOM_MOST    65536u /* pages kept free for a stack with a larger limit, at most */
#define STACK_RANDOM_PAGES 256u   /* stack_top is lower by less than this */
#define STACK_SPARE_PAGES  3u     /* mapped below sp from the start */
#define STACK_ALIGN        16u

/* AT_HWCAP: what every core has that Quire runs on (Cortex-A7, A15): half thumb fastmult vfp edsp
 * neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm; AT_PLATFORM goes with it. */
#define STACK_HWCAP    0x1fb0d6u
#define STACK_PLATFORM "v7l"

/* What the new stack holds. All strings: prefix, then the arguments from skip_bytes on. */
struct stack_spec {
    const struct exec_args *args;
    const char *prefix; /* prefix_count strings of a script, prefix_bytes in all */
    uint32_t prefix_bytes, prefix_count;
    uint32_t skip_bytes;         /* the first argument's, if the prefix replaces it; else 0 */
    uint32_t entry, phdr, phnum; /* the program's, not its interpreter's */
    vaddr_t base;                /* of the interpreter, AT_BASE; 0: there is none */
    const struct cred_exec *ids;
    vaddr_t top;
    prot_t prot;
};

/* Maps the stack of as and writes it; sets the as's layout of stack and arguments. *sp: where the
 * program starts. May sleep. -ENOMEM. */
int __must_check stack_build(struct as *as, const struct stack_spec *spec, vaddr_t *sp);

#endif
