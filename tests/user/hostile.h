/* SPDX-License-Identifier: MIT
 *
 * Pointers that no system call may follow, and memory with a hole behind it.
 */
#ifndef TESTS_USER_HOSTILE_H
#define TESTS_USER_HOSTILE_H

#include <stdint.h>

#include <sys/mman.h>

#define PAGE 4096u

/* Near null, unmapped, in the kernel's direct map and above it, at the end, unaligned. */
static const uintptr_t bad_pointers[] = {0x8,        0xffc,      0x2badc000, 0x2badc0de,
                                         0x50008000, 0x80000000, 0xc0008000, 0xfffff000,
                                         0xfffffff8, 0xffffffff};

#define BAD_COUNT (sizeof bad_pointers / sizeof bad_pointers[0])

/* One page that can be used, and an unmapped one behind it. */
static inline char *page_before_hole(void)
{
    char *p = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p != MAP_FAILED)
        munmap(p + PAGE, PAGE);
    return p;
}

#endif
