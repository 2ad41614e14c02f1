/* SPDX-License-Identifier: MIT
 *
 * The generic timer's virtual counter and timer (ARM DDI 0406C B8.1, B4.1 CNTV_*): kern/clock.h.
 * CNTV works alike in both security states, which CNTP does not.
 * Time is ticks * nanoseconds-per-tick, the latter a fixed-point number with 32 fraction bits:
 * a day of 19.2 MHz ticks is right to 400 ns, and no division is needed.
 * Locks: epoch_lock. Everything else is constant after the probe or the CPU's own register.
 */
#include "arch/arm/cp15.h"
#include "drivers/timer/arm_timer_regs.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/device.h"
#include "kern/irq.h"
#include "kern/spin.h"

#define INTERRUPT_VIRTUAL 2 /* of secure, non-secure, virtual, hypervisor */

static struct {
    uint32_t hz;            /* (c) */
    uint32_t ns_whole;      /* (c) nanoseconds per tick */
    uint32_t ns_fraction;   /* (c) in 2^-32 */
    uint32_t tick_whole;    /* (c) ticks per nanosecond */
    uint32_t tick_fraction; /* (c) in 2^-32, rounded up */
    uint64_t start;         /* (c) the counter when the kernel started: CNTVCT may be older */
    void (*on_alarm)(void); /* (c) after clock_on_alarm */
    struct spin epoch_lock;
    uint64_t epoch_ns; /* epoch_lock: wall clock at start */
} timer = {.epoch_lock = SPIN_INIT(LOCK_EPOCH)};

/* n * (whole + fraction / 2^32), rounded down. */
static inline uint64_t scale(uint64_t n, uint32_t whole, uint32_t fraction)
{
    uint64_t low = (n & 0xffffffff) * fraction >> 32;
    uint64_t high = (n >> 32) * fraction;

    return n * whole + high + low;
}

uint64_t clock_ticks(void)
{
    isb(); /* the counter may be read ahead of what was before: B8.1 */
    return cp15_read_cntvct();
}

uint64_t clock_ns(void)
{
    return scale(clock_ticks() - timer.start, timer.ns_whole, timer.ns_fraction);
}

uint32_t clock_hz(void)
{
    return timer.hz;
}

/* One tick more than the quotient, so that clock_ns() has reached ns when it rings. */
void clock_set_alarm(uint64_t ns)
{
    uint64_t now, cval;

    if (ns == UINT64_MAX) {
        cp15_write_cntv_ctl(0);
        isb();
        return;
    }
    now = clock_ticks();
    cval = now;

    uint64_t now_ns = scale(now - timer.start, timer.ns_whole, timer.ns_fraction);
    if (ns > now_ns)
        cval += scale(ns - now_ns, timer.tick_whole, timer.tick_fraction) + 1;
    cp15_write_cntv_cval(cval);
    cp15_write_cntv_ctl(CNTV_CTL_ENABLE);
    isb();
}

/* On, masked, and off again: a reset may find the timer ringing, clear its registers and leave the
 * line up (QEMU's CPUs do), and a write that changes nothing does not bring it down. */
void clock_start_cpu(void)
{
    cp15_write_cntv_ctl(CNTV_CTL_ENABLE | CNTV_CTL_IMASK);
    isb();
    cp15_write_cntv_ctl(0);
    isb();
}

void clock_on_alarm(void (*handler)(void))
{
    timer.on_alarm = handler;
}

uint64_t clock_epoch_ns(void)
{
    uint32_t mask = spin_lock_irq(&timer.epoch_lock);
    uint64_t ns = timer.epoch_ns;

    spin_unlock_irq(&timer.epoch_lock, mask);
    return ns;
}

void clock_set_epoch_ns(uint64_t ns)
{
    uint32_t mask = spin_lock_irq(&timer.epoch_lock);

    timer.epoch_ns = ns;
    spin_unlock_irq(&timer.epoch_lock, mask);
}

/* The line stays up until the timer is stopped or set anew. */
static void timer_interrupt(void *arg)
{
    (void)arg;
    cp15_write_cntv_ctl(0);
    isb();
    if (timer.on_alarm)
        timer.on_alarm();
}

static void timer_set_rate(uint32_t hz)
{
    timer.hz = hz;
    timer.ns_whole = (uint32_t)NSEC_PER_SEC / hz;
    timer.ns_fraction = (uint32_t)((NSEC_PER_SEC % hz << 32) / hz);
    timer.tick_whole = hz / (uint32_t)NSEC_PER_SEC;
    timer.tick_fraction =
        (uint32_t)(((uint64_t)(hz % (uint32_t)NSEC_PER_SEC) << 32) / NSEC_PER_SEC) + 1;
    timer.start = clock_ticks();
}

/* CNTFRQ is what firmware wrote; a clock-frequency in the tree says better. */
static int timer_probe(const struct fdt *fdt, int node)
{
    uint32_t hz, given;

    if (timer.hz)
        return -EBUSY;
    hz = fdt_u32(fdt, node, "clock-frequency", 0, &given) ? given : cp15_read_cntfrq();
    if (hz == 0)
        return -EINVAL;
    clock_start_cpu();
    timer_set_rate(hz);

    int irq = irq_of_node(fdt, node, INTERRUPT_VIRTUAL);
    return irq < 0 ? irq : irq_request(irq, timer_interrupt, NULL, "timer");
}

static const char *const timer_compatible[] = {"arm,armv7-timer", "arm,cortex-a15-timer", NULL};

DRIVER(timer, .name = "arm_timer", .compatible = timer_compatible, .level = DRIVER_TIMER,
       .probe = timer_probe);
