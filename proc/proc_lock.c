/* SPDX-License-Identifier: MIT
 *
 * The process lock: a mutex for who holds it whole; for who shares it a spinning lock of each CPU's
 * own, so that those who share do not meet. Who takes it whole says so and then passes through all
 * CPUs' locks: whoever shared before is through, and whoever comes later sees it. Nobody sleeps or
 * is preempted while sharing, so that this wait is a short one (the big-reader lock of Linux 2.4).
 */
#include "kern/cpu.h"
#include "kern/lock.h"
#include "proc/proc_impl.h"

static struct {
    struct mutex whole;
    uint32_t taken; /* atomic: written with `whole`: somebody has it whole */
} family = {.whole = MUTEX_INIT(family.whole, LOCK_PROC)};

static struct {
    struct spin lock;
} __aligned(64) share[CPU_MAX] = {[0 ... CPU_MAX - 1] = {.lock = SPIN_INIT(LOCK_PROC_SHARE)}};

void proc_lock(void)
{
    mutex_lock(&family.whole);
    __atomic_store_n(&family.taken, 1, __ATOMIC_SEQ_CST);
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        spin_pass(&share[cpu].lock);
}

void proc_unlock(void)
{
    __atomic_store_n(&family.taken, 0, __ATOMIC_RELEASE);
    mutex_unlock(&family.whole);
}

void proc_share(void)
{
    struct spin *own = &share[cpu_here()].lock;

    spin_lock(own);
    if (likely(!__atomic_load_n(&family.taken, __ATOMIC_ACQUIRE)))
        return;
    spin_unlock(own);
    mutex_lock(&family.whole);
    spin_lock(&share[cpu_here()].lock); /* whoever takes it whole next waits for us */
    mutex_unlock(&family.whole);
}

void proc_unshare(void)
{
    spin_unlock(&share[cpu_here()].lock);
}

bool proc_locked(void)
{
    return mutex_held(&family.whole) || spin_is_locked(&share[cpu_here()].lock);
}
