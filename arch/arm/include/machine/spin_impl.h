/* SPDX-License-Identifier: MIT
 *
 * Spinlocks of ARMv7: exclusive load and store with the barriers of ARM DDI 0406C D7.2. A waiter
 * just tries again: locks are held for a few instructions, and an unlock need not send an event.
 * Included by kern/spin.h alone.
 */
#ifndef MACHINE_SPIN_IMPL_H
#define MACHINE_SPIN_IMPL_H

static inline bool spin_raw_try(struct spin *s)
{
    uint32_t busy;

    __asm__ volatile("ldrex %0, [%1]\n\t"
                     "teq %0, #0\n\t"
                     "strexeq %0, %2, [%1]"
                     : "=&r"(busy)
                     : "r"(&s->locked), "r"(1)
                     : "cc", "memory");
    if (likely(busy == 0))
        __asm__ volatile("dmb ish" ::: "memory");
    return likely(busy == 0);
}

static inline void spin_raw_wait(void)
{
    __asm__ volatile("yield" ::: "memory");
}

static inline void spin_raw_give(struct spin *s)
{
    __asm__ volatile("dmb ish" ::: "memory");
    *(volatile uint32_t *)&s->locked = 0;
}

static inline uint32_t irq_save(void)
{
    uint32_t mask;

    __asm__ volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(mask)::"memory");
    return mask & 0x80;
}

static inline void irq_restore(uint32_t mask)
{
    if (!mask)
        __asm__ volatile("cpsie i" ::: "memory");
}

static inline bool spin_is_locked(const struct spin *s)
{
    return *(const volatile uint32_t *)&s->locked != 0;
}

#endif
