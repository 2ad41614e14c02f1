/* SPDX-License-Identifier: MIT
 *
 * Time: the machine's counter, and a one-shot timer of nanosecond resolution. Implemented by the
 * driver of the generic timer (ARM DDI 0406C B8).
 */
#ifndef KERN_CLOCK_H
#define KERN_CLOCK_H

#include "lib/base.h"

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* Nanoseconds since reset (monotonic). No locks, any context, no division. */
uint64_t clock_ns(void);
/* Raw counter, ticks of clock_hz. */
uint64_t clock_ticks(void);
uint32_t clock_hz(void);
/* Makes the timer interrupt at the given clock_ns() time (at once if that is past) and no other;
 * UINT64_MAX: never. */
void clock_set_alarm(uint64_t ns);
/* Once on each CPU, before its interrupts: no alarm, whatever was set before a reset. */
void clock_start_cpu(void);
/* Who is told when the alarm rings: interrupt context. */
void clock_on_alarm(void (*handler)(void));
/* Wall clock: nanoseconds since 1970 at reset, 0 if the machine has no clock. */
uint64_t clock_epoch_ns(void);
void clock_set_epoch_ns(uint64_t ns);

#endif
