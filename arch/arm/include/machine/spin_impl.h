/* SPDX-License-Identifier: MIT
 *
 * Spinlocks of ARMv7: exclusive load and store with the barriers of ARM DDI 0406C D7.2; a waiter
 * sleeps in WFE until the holder's SEV. Included by kern/spin.h alone.
 */
#ifndef MACHINE_SPIN_IMPL_H
#define MACHINE_SPIN_IMPL_H

static inline bool spin_trylock(struct spin *s)
{
    uint32_t old, failed;

    do {
        __asm__ volatile("ldrex %0, [%2]\n\t"
                         "cmp %0, #0\n\t"
                         "movne %1, #0\n\t"
                         "strexeq %1, %3, [%2]"
                         : "=&r"(old), "=&r"(failed)
                         : "r"(&s->locked), "r"(1)
                         : "cc", "memory");
    } while (failed);
    if (old == 0)
        __asm__ volatile("dmb ish" ::: "memory");
    return old == 0;
}

static inline void spin_lock(struct spin *s)
{
    while (unlikely(!spin_trylock(s)))
        __asm__ volatile("wfe" ::: "memory");
}

static inline void spin_unlock(struct spin *s)
{
    __asm__ volatile("dmb ish" ::: "memory");
    *(volatile uint32_t *)&s->locked = 0;
    __asm__ volatile("dsb ishst\n\tsev" ::: "memory");
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

static inline uint32_t spin_lock_irq(struct spin *s)
{
    uint32_t mask = irq_save();

    spin_lock(s);
    return mask;
}

static inline void spin_unlock_irq(struct spin *s, uint32_t mask)
{
    spin_unlock(s);
    irq_restore(mask);
}

static inline bool spin_is_locked(const struct spin *s)
{
    return *(const volatile uint32_t *)&s->locked != 0;
}

#endif
