/* SPDX-License-Identifier: MIT
 *
 * How this machine ends: semihosting if asked for, else what a driver registered, else it stops.
 * Everything is set during boot and constant afterwards; no locks, since panic comes here. Each
 * way may fail to work on some machine, and then the next one is tried.
 */
#include "kern/power.h"

#include "kern/arch.h"
#include "kern/spin.h"

#define SYS_EXIT_EXTENDED       0x20 /* ARM DUI 0471, 8.4 */
#define ADP_STOPPED_APPLICATION 0x20026

static struct {
    void (*off)(void);     /* (c) or NULL */
    void (*restart)(void); /* (c) or NULL */
    bool semihosting;      /* (c) */
} power;

void power_register(void (*off)(void), void (*restart)(void))
{
    power.off = off;
    power.restart = restart;
}

void power_use_semihosting(bool on)
{
    power.semihosting = on;
}

bool power_has_semihosting(void)
{
    return power.semihosting;
}

void power_off(int status)
{
    irq_save();
    if (power.semihosting)
        arch_semihosting(SYS_EXIT_EXTENDED,
                         (uint32_t[]){ADP_STOPPED_APPLICATION, (uint32_t)status});
    if (power.off)
        power.off();
    arch_halt();
}

void power_restart(void)
{
    irq_save();
    if (power.restart)
        power.restart();
    arch_halt();
}
