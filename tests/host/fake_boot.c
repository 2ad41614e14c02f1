/* SPDX-License-Identifier: MIT
 *
 * What start-up has besides memory, for tests that need it to be there and no more: a clock that
 * stands, a random number, a log that forgets.
 */
#include "kern/clock.h"
#include "kern/log.h"
#include "kern/random.h"

void log_printf(const char *format, ...)
{
    (void)format;
}

uint32_t random_u32(void)
{
    return 4711;
}

uint64_t clock_ns(void)
{
    return 1;
}

uint64_t clock_epoch_ns(void)
{
    return 2;
}
