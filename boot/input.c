/* SPDX-License-Identifier: MIT
 *
 * What a recording needs of the kernel: input=PATH, a thread that asks the emulator's host for
 * input a hundred times a second; and idle=poll, CPUs that take their turns while they wait, so
 * that time passes by instructions alone.
 */
#include "boot/boot.h"
#include "drivers/uart/semihosting.h"
#include "fs/tty.h"
#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/log.h"
#include "kern/power.h"
#include "kern/waitq.h"
#include "proc/proc.h"

#define INTERVAL_NS (10 * NSEC_PER_MSEC)

static struct waitq never;

/* Without its host the machine would run on unseen. */
static void input_run(void *arg)
{
    (void)arg;
    while (semihosting_input(tty_room()))
        waitq_sleep(&never, spin_lock_irq(&never.lock), false, clock_ns() + INTERVAL_NS);
    log_printf("input: the file has ended\n");
    power_off(0);
}

void boot_input(void)
{
    static char path[64];
    if (bootargs_is("idle", "poll"))
        sched_idle_polls();
    if (!bootargs_get("input", path, sizeof(path)))
        return;
    waitq_init(&never);
    if (!semihosting_input_open(path) || kthread_start(input_run, NULL))
        log_printf("input: %s can't be read: semihosting is off, or there is no such file\n", path);
}
