/* SPDX-License-Identifier: MIT
 *
 * Locks used wrongly on purpose, by the word locktest=KIND: each way that lockcheck.c reports. For
 * tests, in debug builds only; a kind that is survived says so.
 */
#include "boot/boot.h"

#include <string.h>

#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/console.h"
#include "kern/cpu.h"
#include "kern/lockcheck.h"
#include "kern/log.h"
#include "mm/obj.h"
#include "mm/uaccess.h"
#include "proc/thread.h"

static struct spin a = SPIN_INIT(LOCK_TEST_A), b = SPIN_INIT(LOCK_TEST_B);
static struct spin c = SPIN_INIT(LOCK_TEST_C), c2 = SPIN_INIT(LOCK_TEST_C);
static struct spin classless;
static struct mutex m = MUTEX_INIT(m, LOCK_TEST_SLEEPING);
static struct mutex object = MUTEX_INIT(object, LOCK_OBJ), as = MUTEX_INIT(as, LOCK_AS);
static struct rwlock rw;

static void take_both(struct spin *first, struct spin *second)
{
    spin_lock(first);
    spin_lock(second);
    spin_unlock(second);
    spin_unlock(first);
}

static void right(void)
{
    take_both(&a, &b);
    take_both(&b, &c);
    take_both(&a, &c);
    mutex_lock(&as);
    mutex_lock(&object);
    take_both(&a, &c);
    mutex_unlock(&as);
    mutex_unlock(&object);
    rwlock_read(&rw);
    rwlock_read_done(&rw);
}

/* Against the order that is written down, at the first time. */
static void written_order(void)
{
    take_both(&b, &a);
}

/* Against what was done before, over a class in between. */
static void seen_order(void)
{
    take_both(&a, &b);
    take_both(&b, &c);
    take_both(&c, &a);
}

static void sleeping_order(void)
{
    mutex_lock(&object);
    mutex_lock(&as);
}

static int fill(struct obj *o, uint32_t page, void *frame_bytes)
{
    (void)o, (void)page, (void)frame_bytes;
    mutex_lock(&as);
    return 0;
}

/* A page that is being filled is BUSY, which comes after all sleeping locks. */
static void busy_order(void)
{
    static const struct obj_ops ops = {.fill = fill};
    static struct obj o;
    pfn_t pfn;

    obj_create(&o, &ops, NULL, PAGE_SIZE);
    if (obj_get(&o, 0, &pfn, NULL))
        log_printf("locktest: no page\n");
}

static void same_class(void)
{
    take_both(&c, &c2);
}

static void same_lock(void)
{
    rwlock_read(&rw);
    rwlock_read(&rw);
}

static void sleep_spinning(void)
{
    spin_lock(&c);
    mutex_lock(&m);
}

static void yield_spinning(void)
{
    spin_lock(&c);
    preempt_point();
}

static void schedule_spinning(void)
{
    spin_lock(&c);
    schedule();
}

static void leave_spinning(void)
{
    spin_lock(&c);
    sched_yield();
}

static void copy_spinning(void)
{
    uint32_t word;

    spin_lock(&c);
    if (get_user32(&word, PAGE_SIZE))
        log_printf("locktest: not copied\n");
}

/* A fault with the log's lock held: the panic, which writes there, has its say nevertheless. */
static void fault_locked(void)
{
    uint64_t pos = 0;

    log_read(&pos, (char *)PAGE_SIZE, 1);
}

static void give_spin(void)
{
    spin_unlock(&c);
}

static void give_mutex(void)
{
    mutex_unlock(&m);
}

static void no_class(void)
{
    spin_lock(&classless);
}

static void in_thread(void (*entry)(void *))
{
    struct thread *t = thread_create(NULL, entry, NULL);

    if (!t)
        return;
    thread_start(t, true);
    schedule();
}

static void lock_and_end(void *arg)
{
    (void)arg;
    mutex_lock(&m);
}

static void end_holding(void)
{
    in_thread(lock_and_end);
}

/* The handler runs in the clock's interrupt, once. */
static volatile bool rang;
static void (*in_interrupt)(void);

static void ring(void)
{
    clock_set_alarm(UINT64_MAX);
    in_interrupt();
    rang = true;
}

static void interrupt(void (*what)(void))
{
    in_interrupt = what;
    clock_on_alarm(ring);
    clock_set_alarm(clock_ns());
    while (!rang)
        continue;
}

static void take_c(void)
{
    spin_lock(&c);
    spin_unlock(&c);
}

static void take_c_under_b(void)
{
    take_both(&b, &c);
}

static void open_spin(void)
{
    interrupt(take_c);
    take_c();
}

/* Nobody takes c in an interrupt itself; but who waits for it has b. */
static void open_below(void)
{
    take_c();
    interrupt(take_c_under_b);
}

static void take_mutex(void)
{
    mutex_lock(&m);
}

static void sleep_in_interrupt(void)
{
    interrupt(take_mutex);
}

/* Not wrong, but to be seen: the debugger shows both. */
static void hold_both(void *arg)
{
    (void)arg;
    mutex_lock(&m);
    spin_lock(&c);
    console_break();
    spin_unlock(&c);
    mutex_unlock(&m);
}

static void show(void)
{
    in_thread(hold_both);
}

static const struct {
    const char *kind;
    void (*use)(void);
} uses[] = {
    {"right", right},
    {"written-order", written_order},
    {"seen-order", seen_order},
    {"sleeping-order", sleeping_order},
    {"busy-order", busy_order},
    {"same-class", same_class},
    {"same-lock", same_lock},
    {"sleep-spinning", sleep_spinning},
    {"yield-spinning", yield_spinning},
    {"schedule-spinning", schedule_spinning},
    {"leave-spinning", leave_spinning},
    {"copy-spinning", copy_spinning},
    {"fault-locked", fault_locked},
    {"give-spin", give_spin},
    {"give-mutex", give_mutex},
    {"no-class", no_class},
    {"end-holding", end_holding},
    {"open-spin", open_spin},
    {"open-below", open_below},
    {"sleep-in-interrupt", sleep_in_interrupt},
    {"show", show},
};

void lock_test(void)
{
    char kind[24];

    if (!bootargs_get("locktest", kind, sizeof(kind)))
        return;
    rwlock_init(&rw);
    lock_classify(&rw, LOCK_TEST_SLEEPING);
    for (unsigned i = 0; i < ARRAY_SIZE(uses); i++)
        if (strcmp(kind, uses[i].kind) == 0) {
            uses[i].use();
            log_printf("locktest: nothing happened\n");
            return;
        }
    log_printf("locktest=%s: no such kind\n", kind);
}
