/* SPDX-License-Identifier: MIT
 *
 * What the t_malice_* programs share: chance that can be repeated, forged registers, and the end of
 * a child that did something foul. All of them can run several times side by side (tests/together).
 */
#ifndef TESTS_USER_MALICE_H
#define TESTS_USER_MALICE_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "hostile.h"
#include "tap.h"

/* Makes the call regs[7] with regs as r0 to r12 and sp, and stores what they are afterwards. */
void call_forged(uint32_t regs[14]);
#define FORGED_NUMBER 7
#define FORGED_SP     13

/* Addresses that are the kernel's or nobody's: its devices, stacks, image, the kuser page. */
static const uintptr_t kernel_addresses[] = {0x40000000, 0x40000ffc, 0x44001000, 0x50000000,
                                             0x50010000, 0x57fffff0, 0xffff0000, 0xffff0fe0,
                                             0xffffffff, 0x80000001, 0x0,        0x1};

/* A generator that gives the same numbers for the same seed, never 0. */
static inline uint32_t chance(uint32_t *state)
{
    uint32_t x = *state ? *state : 0x9e3779b9u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

/* It ended, be it by itself or by a fault; not by a kill of ours, which means that it hung. */
static inline bool ended_somehow(int status)
{
    return !tap_killed_by(status, SIGKILL);
}

/* main: nothing of this is for other systems. */
static inline int malice_main(const struct tap_test *tests, size_t count)
{
    if (tap_on_quire())
        return tap_main(tests, count);
    printf("%s1..0 # skipped: only for Quire\n", tap_indent());
    return 0;
}

#endif
