/* SPDX-License-Identifier: MIT
 *
 * Locks watched; debug builds only. The order is a relation between classes: B is after A if the
 * table below says so or if B was ever taken with A held. It is kept transitively closed, so that a
 * circle is seen when its last step is taken, whether or not CPUs meet there.
 * Invariant: reach is closed and has no circle. An interrupt's locks count as taken under those of
 * what it interrupts, since the CPU holds them; a thread's sleeping locks don't, for an interrupt
 * never waits for them. Tries add nothing to the order: who tries does not wait.
 * Locks: check.lock, a bare word, for the order; lists and counts are their CPU's or thread's own,
 * changed with interrupts masked. Called by kern/spin.h, proc/sync.c; asked by /proc and kdb.
 */
#include "kern/lockcheck.h"

#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/panic.h"
#include "kern/spin.h"
#include "kern/symbols.h"
#include "lib/fmt.h"

#define SET_WORDS     ((LOCK_CLASSES + 31) / 32)
#define CHAIN_MAX     10
#define WHERE_BYTES   48
#define MESSAGE_BYTES 256 /* what a panic shows */

/* A set of classes. */
struct set {
    uint32_t word[SET_WORDS];
};

static const char *const names[LOCK_CLASSES] = {
    [LOCK_NONE] = "(no class)",
    [LOCK_SWAPON] = "swapon",
    [LOCK_FILE] = "open file",
    [LOCK_PARTITIONS] = "partitions",
    [LOCK_NAMESPACE] = "namespace",
    [LOCK_INODE] = "inode",
    [LOCK_FILE_LOCKS] = "file locks",
    [LOCK_TRACE_CONTROL] = "trace control",
    [LOCK_REFS_FILE] = "record's reader",
    [LOCK_REFS_CONTROL] = "reference strings",
    [LOCK_VMCHECK] = "vmcheck",
    [LOCK_STOP] = "stop",
    [LOCK_PROC] = "process",
    [LOCK_COST] = "cost",
    [LOCK_AS] = "as",
    [LOCK_SHM] = "shared segments",
    [LOCK_OBJ] = "object",
    [LOCK_BDEV] = "block device",
    [LOCK_BUSY] = "BUSY page",
    [LOCK_FRAMEBUFFER] = "framebuffer",
    [LOCK_TTY_WRITERS] = "tty writers",
    [LOCK_STORM] = "storm",
    [LOCK_STORM_PAIR] = "storm pair",
    [LOCK_TEST_SLEEPING] = "test mutex",
    [LOCK_PROC_SHARE] = "process, shared",
    [LOCK_KSTACKS] = "kernel stacks",
    [LOCK_NUMBER_CHUNKS] = "number chunks",
    [LOCK_NUMBERS] = "numbers",
    [LOCK_SPACES] = "spaces",
    [LOCK_OBJ_MAP] = "object map",
    [LOCK_FAMILY_MAP] = "family map",
    [LOCK_REFS] = "reference string",
    [LOCK_PT] = "pt_lock",
    [LOCK_NODE] = "node",
    [LOCK_RECLAIM] = "reclaim",
    [LOCK_PAGE_CACHE] = "page cache",
    [LOCK_PAGE_HASH] = "page hash",
    [LOCK_SWAP] = "swap",
    [LOCK_FRAME] = "frame",
    [LOCK_FREE_LIST] = "free list",
    [LOCK_DRAINS] = "drains",
    [LOCK_SLAB] = "slab",
    [LOCK_SLAB_LIST] = "slab list",
    [LOCK_FDTABLE] = "descriptors",
    [LOCK_OPEN_FILES] = "file flags",
    [LOCK_USERS] = "users",
    [LOCK_TIMERS] = "timers",
    [LOCK_SLEEP_STATE] = "sleeping lock",
    [LOCK_FUTEX] = "futexes",
    [LOCK_WAITQ] = "wait queue",
    [LOCK_BUSY_WAITQ] = "BUSY queue",
    [LOCK_IRQ_WAITQ] = "queue of interrupts",
    [LOCK_TTY] = "tty",
    [LOCK_POLL] = "poll head",
    [LOCK_EPOLL] = "epolls",
    [LOCK_EPOLL_POLLERS] = "epoll's poll head",
    [LOCK_ALL_THREADS] = "all threads",
    [LOCK_THREADS] = "threads",
    [LOCK_JOB] = "job control",
    [LOCK_RUNQ] = "run queue",
    [LOCK_ASIDS] = "ASIDs",
    [LOCK_IRQS] = "interrupts",
    [LOCK_EPOCH] = "wall clock",
    [LOCK_WATCHDOG] = "watchdog",
    [LOCK_RANDOM] = "random",
    [LOCK_UNIMPLEMENTED] = "missing calls",
    [LOCK_LOG] = "log",
    [LOCK_CONSOLE_IN] = "console input",
    [LOCK_CONSOLE_OUT] = "console output",
    [LOCK_TEST_A] = "test A",
    [LOCK_TEST_B] = "test B",
    [LOCK_TEST_C] = "test C",
};

/* The order of kern/lock.h and docs/ARCHITECTURE.md: each class of a line before the next. */
static const uint8_t chains[][CHAIN_MAX] = {
    {LOCK_SWAPON, LOCK_NAMESPACE},
    {LOCK_SWAPON, LOCK_PARTITIONS},
    {LOCK_FILE, LOCK_NAMESPACE, LOCK_INODE, LOCK_PROC, LOCK_AS, LOCK_SHM, LOCK_OBJ, LOCK_BUSY,
     LOCK_TTY_WRITERS},
    {LOCK_FILE_LOCKS, LOCK_WAITQ},
    {LOCK_FUTEX, LOCK_WAITQ},
    {LOCK_COST, LOCK_AS},
    {LOCK_FILE, LOCK_REFS_FILE, LOCK_REFS_CONTROL, LOCK_PROC},
    {LOCK_VMCHECK, LOCK_STOP, LOCK_PROC, LOCK_PROC_SHARE, LOCK_WAITQ},
    {LOCK_PROC_SHARE, LOCK_NUMBER_CHUNKS},
    {LOCK_PROC_SHARE, LOCK_NUMBERS},
    {LOCK_KSTACKS, LOCK_OBJ_MAP},
    {LOCK_SPACES, LOCK_PT},
    {LOCK_OBJ_MAP, LOCK_PT, LOCK_NODE, LOCK_RECLAIM, LOCK_PAGE_CACHE, LOCK_PAGE_HASH, LOCK_SWAP,
     LOCK_FRAME, LOCK_FREE_LIST, LOCK_LOG},
    {LOCK_FAMILY_MAP, LOCK_PT},
    {LOCK_FRAME, LOCK_SLAB, LOCK_LOG},
    {LOCK_SLEEP_STATE, LOCK_ALL_THREADS, LOCK_THREADS, LOCK_RUNQ, LOCK_ASIDS, LOCK_LOG,
     LOCK_CONSOLE_OUT},
    {LOCK_THREADS, LOCK_JOB, LOCK_RUNQ},
    {LOCK_TIMERS, LOCK_POLL},
    {LOCK_TIMERS, LOCK_IRQ_WAITQ, LOCK_ALL_THREADS},
    {LOCK_WAITQ, LOCK_ALL_THREADS},
    {LOCK_TTY, LOCK_POLL, LOCK_EPOLL, LOCK_EPOLL_POLLERS, LOCK_IRQ_WAITQ},
    {LOCK_BUSY_WAITQ, LOCK_FRAME},
    {LOCK_BUSY_WAITQ, LOCK_ALL_THREADS},
    {LOCK_TEST_A, LOCK_TEST_B},
};

struct count {
    uint32_t taken, contended, stalled, wait_most, hold_most;
    uint64_t wait_ticks;
};

static struct {
    uint32_t off;                   /* atomic: something was wrong; nothing is looked at any more */
    uint32_t lock;                  /* for all of the order */
    bool ready;                     /* the chains are in */
    struct set reach[LOCK_CLASSES]; /* classes after this one, over any number of steps */
    struct set seen[LOCK_CLASSES];  /* classes that were taken with this one held */
    struct {
        uintptr_t held, taken; /* where it was so first; 0: the chains alone say so */
    } place[LOCK_CLASSES][LOCK_CLASSES];
    uintptr_t irq[LOCK_CLASSES];  /* where an interrupt took it, or who that takes it under such */
    uintptr_t open[LOCK_CLASSES]; /* where it was taken with interrupts on */
    struct lock_list list[CPU_MAX];
    struct count count[CPU_MAX][LOCK_CLASSES];
} check;

uint32_t lock_clock(void)
{
    return (uint32_t)clock_ticks();
}

/* function+offset of the call before pc. */
static const char *where(uintptr_t pc, char buf[WHERE_BYTES])
{
    uint32_t offset = 0;
    char symbol[SYMBOL_NAME_MAX];
    const char *name = pc ? symbol_name((uint32_t)pc - 4, &offset, symbol) : NULL;

    if (name)
        fmt_snprint(buf, WHERE_BYTES, "%s+0x%x", name, (unsigned)offset);
    else
        fmt_snprint(buf, WHERE_BYTES, pc ? "%x" : "the order of lock.h", (unsigned)pc);
    return buf;
}

/* The first one panics and looks at nothing any more; others go on as if nothing were. */
static void report(const char *format, ...) __printf(1, 2);
static void report(const char *format, ...)
{
    static char message[MESSAGE_BYTES];
    va_list ap;

    if (__atomic_exchange_n(&check.off, 1, __ATOMIC_SEQ_CST))
        return;
    va_start(ap, format);
    fmt_vsnprint(message, sizeof(message), format, ap);
    va_end(ap);
    panic("%s", message);
}

void lock_stop(void)
{
    __atomic_store_n(&check.off, 1, __ATOMIC_SEQ_CST);
}

static bool is_off(void)
{
    return __atomic_load_n(&check.off, __ATOMIC_RELAXED);
}

static void order_lock(void)
{
    while (__atomic_exchange_n(&check.lock, 1, __ATOMIC_ACQUIRE))
        spin_raw_wait();
}

static void order_unlock(void)
{
    __atomic_store_n(&check.lock, 0, __ATOMIC_RELEASE);
}

static bool set_has(const struct set *s, unsigned class)
{
    return s->word[class / 32] >> class % 32 & 1;
}

static void set_add(struct set *s, unsigned class)
{
    s->word[class / 32] |= 1u << class % 32;
}

static void set_add_all(struct set *s, const struct set *more)
{
    for (unsigned i = 0; i < SET_WORDS; i++)
        s->word[i] |= more->word[i];
}

/* Takes the lowest class out of the set: its number, or LOCK_CLASSES if there is none. */
static unsigned set_take(struct set *s)
{
    for (unsigned i = 0; i < SET_WORDS; i++) {
        unsigned bit = s->word[i] ? (unsigned)__builtin_ctz(s->word[i]) : 32;

        if (bit == 32)
            continue;
        s->word[i] &= ~(1u << bit);
        return i * 32 + bit;
    }
    return LOCK_CLASSES;
}

/* b after a, and all that follows from it. */
static void order_add(unsigned a, unsigned b)
{
    struct set more = check.reach[b];

    set_add(&more, b);
    for (unsigned c = 0; c < LOCK_CLASSES; c++)
        if (c == a || set_has(&check.reach[c], a))
            set_add_all(&check.reach[c], &more);
}

/* Boot: one CPU. */
static void order_begin(void)
{
    check.ready = true;
    for (unsigned i = 0; i < ARRAY_SIZE(chains); i++)
        for (unsigned k = 1; k < CHAIN_MAX && chains[i][k]; k++)
            order_add(chains[i][k - 1], chains[i][k]);
}

/* The class is taken by an interrupt, and so is what is taken below it. Order locked. */
static void irq_spread(unsigned class, uintptr_t pc)
{
    struct set todo = {{0}};
    unsigned c;

    set_add(&todo, class);
    while ((c = set_take(&todo)) != LOCK_CLASSES) {
        if (check.irq[c])
            continue;
        check.irq[c] = pc;
        set_add_all(&todo, &check.seen[c]);
    }
}

/* b is taken with a held, for the first time: false if it is the wrong way round. */
static bool order_learn(const struct lock_held *a, unsigned b, uintptr_t pc)
{
    bool fine;

    order_lock();
    fine = !set_has(&check.reach[b], a->class);
    if (fine) {
        if (!set_has(&check.reach[a->class], b))
            order_add(a->class, b);
        check.place[a->class][b].held = a->pc;
        check.place[a->class][b].taken = pc;
        set_add(&check.seen[a->class], b);
        if (check.irq[a->class])
            irq_spread(b, check.irq[a->class]);
    }
    order_unlock();
    return fine;
}

/* How it was before: the first step of the way from b to a, seen or from the chains. */
static void report_order(const struct lock_held *a, const void *lock, unsigned b, uintptr_t pc)
{
    char at[4][WHERE_BYTES];
    unsigned step = a->class;

    for (unsigned c = 0; c < LOCK_CLASSES; c++)
        if (set_has(&check.seen[b], c) && (c == a->class || set_has(&check.reach[c], a->class)))
            step = c;
    if (!set_has(&check.seen[b], step))
        report("lock order: %s %p taken at %s with %s %p held since %s; lock.h has %s before %s",
               names[b], lock, where(pc, at[0]), names[a->class], a->lock, where(a->pc, at[1]),
               names[b], names[a->class]);
    else
        report("lock order: %s %p taken at %s with %s %p held since %s; before, %s at %s with %s "
               "since %s",
               names[b], lock, where(pc, at[0]), names[a->class], a->lock, where(a->pc, at[1]),
               names[step], where(check.place[b][step].taken, at[2]), names[b],
               where(check.place[b][step].held, at[3]));
}

static void check_pair(const struct lock_held *a, const void *lock, unsigned b, uintptr_t pc)
{
    char at[2][WHERE_BYTES];

    if (a->lock == lock)
        report("%s %p taken again at %s, held since %s", names[b], lock, where(pc, at[0]),
               where(a->pc, at[1]));
    else if (a->class == b)
        report("two locks of class %s: %p taken at %s with %p held since %s", names[b], lock,
               where(pc, at[0]), a->lock, where(a->pc, at[1]));
    else if (!set_has(&check.seen[a->class], b) && !order_learn(a, b, pc))
        report_order(a, lock, b, pc);
}

/* Whether interrupts take the class, and whether it is taken with interrupts on: not both. */
static void check_irq(const void *lock, unsigned class, uintptr_t pc, bool in_irq, bool on)
{
    char at[2][WHERE_BYTES];

    if (in_irq && !check.irq[class]) {
        order_lock();
        irq_spread(class, pc);
        order_unlock();
    }
    if (on && !check.open[class])
        check.open[class] = pc;
    if (check.irq[class] && check.open[class])
        report("%s %p: interrupts take it, or one above it, at %s, and it is taken with interrupts "
               "on at %s",
               names[class], lock, where(check.irq[class], at[0]), where(check.open[class], at[1]));
}

static void check_list(const struct lock_list *list, const void *lock, unsigned class, uintptr_t pc)
{
    for (unsigned i = 0; list && i < list->n && !is_off(); i++)
        check_pair(&list->held[i], lock, class, pc);
}

/* Before a lock is taken by who waits if need be. */
static void want(const void *lock, unsigned class, uintptr_t pc)
{
    uint32_t mask = irq_save();
    bool in_irq = irq_frame() != NULL;
    char at[WHERE_BYTES];

    if (!check.ready)
        order_begin();
    if (!is_off()) {
        if (class == LOCK_NONE)
            report("lock %p, taken at %s, has no class", lock, where(pc, at));
        check_list(&check.list[cpu_id()], lock, class, pc);
        if (!in_irq)
            check_list(lock_list_of_thread(), lock, class, pc);
        if (class > LOCK_SLEEPING_LAST)
            check_irq(lock, class, pc, in_irq, !mask && !in_irq);
    }
    irq_restore(mask);
}

/* Interrupts masked. */
static void push(struct lock_list *list, const void *lock, enum lock_class class, uintptr_t pc)
{
    if (!list || is_off())
        return;
    if (list->n == LOCK_DEPTH) {
        report("more than %u locks held", LOCK_DEPTH);
        return;
    }
    list->held[list->n++] = (struct lock_held){lock, pc, lock_clock(), class};
    check.count[cpu_id()][class].taken++;
}

static void drop(struct lock_list *list, const void *lock, enum lock_class class, uintptr_t pc)
{
    struct count *count = &check.count[cpu_id()][class];
    char at[WHERE_BYTES];
    unsigned i = list ? list->n : 0;

    while (i > 0 && list->held[i - 1].lock != lock)
        i--;
    if (is_off() || !list)
        return;
    if (i == 0) {
        report("%s %p given back at %s by who does not hold it", names[class], lock, where(pc, at));
        return;
    }
    count->hold_most = MAX(count->hold_most, lock_clock() - list->held[i - 1].since);
    for (list->n--; i <= list->n; i++)
        list->held[i - 1] = list->held[i];
}

void lock_waited(enum lock_class class, uint32_t since)
{
    uint32_t mask = irq_save(), ticks = lock_clock() - since;
    struct count *count = &check.count[cpu_id()][class];

    count->contended++;
    count->stalled += ticks > clock_hz() / 1000;
    count->wait_ticks += ticks;
    count->wait_most = MAX(count->wait_most, ticks);
    irq_restore(mask);
}

void lock_waited_only(enum lock_class class, uint32_t since)
{
    uint32_t mask = irq_save();

    check.count[cpu_id()][class].taken++;
    irq_restore(mask);
    lock_waited(class, since);
}

/* Spinning locks. */

static void spin_taken(const struct spin *s, uintptr_t pc)
{
    uint32_t mask = irq_save();

    push(&check.list[cpu_id()], s, LOCK_CLASS(s), pc);
    irq_restore(mask);
}

void spin_lock(struct spin *s)
{
    uint32_t since;

    want(s, LOCK_CLASS(s), LOCK_CALLER);
    if (!spin_raw_try(s)) {
        since = lock_clock();
        while (!spin_raw_try(s))
            spin_raw_wait();
        lock_waited(LOCK_CLASS(s), since);
    }
    spin_taken(s, LOCK_CALLER);
}

bool spin_trylock(struct spin *s)
{
    bool taken = spin_raw_try(s);

    if (taken)
        spin_taken(s, LOCK_CALLER);
    return taken;
}

void spin_unlock(struct spin *s)
{
    uint32_t mask = irq_save();

    drop(&check.list[cpu_id()], s, LOCK_CLASS(s), LOCK_CALLER);
    spin_raw_give(s);
    irq_restore(mask);
}

void spin_lock_shared(struct spin *s)
{
    uint32_t since = lock_clock();
    bool waited = false;

    want(s, LOCK_CLASS(s), LOCK_CALLER);
    while (!spin_raw_share(s)) { /* others who share it make it fail, too, but not wait */
        waited |= __atomic_load_n(&s->locked, __ATOMIC_RELAXED) & 1;
        spin_raw_wait();
    }
    if (waited)
        lock_waited(LOCK_CLASS(s), since);
    spin_taken(s, LOCK_CALLER);
}

void spin_unlock_shared(struct spin *s)
{
    uint32_t mask = irq_save();

    drop(&check.list[cpu_id()], s, LOCK_CLASS(s), LOCK_CALLER);
    spin_raw_unshare(s);
    irq_restore(mask);
}

/* Sleeping locks. */

static void may_sleep(const void *but, uintptr_t pc)
{
    uint32_t mask = irq_save();
    const struct lock_list *list = &check.list[cpu_id()];
    char at[2][WHERE_BYTES];

    for (unsigned i = 0; i < list->n && !is_off(); i++)
        if (list->held[i].lock != but)
            report("%s may sleep with %s %p held since %s", where(pc, at[0]),
                   names[list->held[i].class], list->held[i].lock, where(list->held[i].pc, at[1]));
    if (irq_frame() && !is_off())
        report("%s may sleep in an interrupt", where(pc, at[0]));
    irq_restore(mask);
}

void lock_may_sleep(const void *but)
{
    may_sleep(but, LOCK_CALLER);
}

void lock_none_held(void)
{
    const struct lock_list *list = lock_list_of_thread();
    char at[2][WHERE_BYTES];

    may_sleep(NULL, LOCK_CALLER);
    if (list && list->n && !is_off())
        report("a thread leaves the kernel or ends, at %s, with %s %p held since %s",
               where(LOCK_CALLER, at[0]), names[list->held[0].class], list->held[0].lock,
               where(list->held[0].pc, at[1]));
}

void lock_wanted(const void *lock, enum lock_class class, uintptr_t pc)
{
    may_sleep(NULL, pc);
    want(lock, class, pc);
}

void lock_taken(const void *lock, enum lock_class class, uintptr_t pc)
{
    uint32_t mask = irq_save();

    push(lock_list_of_thread(), lock, class, pc);
    irq_restore(mask);
}

void lock_dropped(const void *lock, enum lock_class class, uintptr_t pc)
{
    uint32_t mask = irq_save();

    drop(lock_list_of_thread(), lock, class, pc);
    irq_restore(mask);
}

/* Questions. */

bool lock_stats(enum lock_class class, struct lock_stats *stats)
{
    if (class >= LOCK_CLASSES)
        return false;
    *stats = (struct lock_stats){.name = names[class]};
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        const struct count *c = &check.count[cpu][class];

        stats->taken += c->taken;
        stats->contended += c->contended;
        stats->stalled += c->stalled;
        stats->wait_ticks += c->wait_ticks;
        stats->wait_most = MAX(stats->wait_most, c->wait_most);
        stats->hold_most = MAX(stats->hold_most, c->hold_most);
    }
    return true;
}

const struct lock_list *lock_list_of_cpu(unsigned id)
{
    return &check.list[id];
}

void lock_list_print(const struct lock_list *list, const char *indent,
                     void (*print)(const char *format, ...))
{
    char at[WHERE_BYTES];

    for (unsigned i = 0; i < MIN(list->n, LOCK_DEPTH); i++)
        print("%s%s %p since %s\n", indent, names[list->held[i].class], list->held[i].lock,
              where(list->held[i].pc, at));
}
