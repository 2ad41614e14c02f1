/* SPDX-License-Identifier: MIT
 *
 * The page-out thread, and those who wait for it. It is woken when frames get short, and goes on
 * until lotsfree are free again: quickly while somebody waits or desfree are missing, else a little
 * at a time, so that pages have time to be used between the hands.
 * Locks: po.lock, the wait queue's, which guards the counts. Policies run with none held.
 */
#include "mm/pageout.h"

#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/waitq.h"
#include "mm/pageout_impl.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"

#define LOTS_SHARE 16u /* lotsfree: a sixteenth of memory, within bounds, above the reserve */
#define LOTS_LEAST 32u
#define LOTS_MOST  1024u
#define TICK_NS    (10 * NSEC_PER_MSEC)
#define SCAN_LEAST 32u            /* frames in a tick when memory is only just short */
#define SCAN_MOST  512u           /* at a time when it is shortest */
#define WANT_LEAST (2 * SWAP_RUN) /* pages in a round, so that writing is worth it */
#define TURNS      2u  /* of the whole core map that find nothing before there is no hope */
#define PATIENCE   8u  /* ticks for those who are at work on all that could go, before that */
#define FAILURE    32u /* a page that can't be written takes as long as looking at so many frames */
#define WINDOW_NS  NSEC_PER_SEC /* memory is desperate if page-out rested less than half of it */
#define DESPAIR_NS (50 * NSEC_PER_MSEC) /* before it is tried again */

static struct {
    struct waitq work;  /* the thread */
    struct waitq done;  /* who waits for frames */
    bool running;       /* (c) after boot */
    bool wanted;        /* atomic: look at once */
    bool busy, paused;  /* (work) at work; not to be */
    uint32_t waiting;   /* (done) threads */
    uint32_t round;     /* (done) rounds that ended */
    uint32_t got;       /* (done) frames that the last one made free or cache */
    uint32_t fruitless; /* frames looked at since something was taken; the thread's own */
    uint32_t held;      /* what evict_held was then */
    uint32_t patience;  /* ticks since then */
    uint64_t window_ns, rested_ns;     /* when the window began, and time that it rested in it */
    const struct as *(*sleeper)(void); /* (c) after boot */
    uint64_t despair_until;            /* (done) until then nothing will be found */
    struct pageout_limits limit;       /* (c) */
    const struct policy *policy;       /* the thread's own */
    const struct policy *next;         /* (done) what policy_set wants instead */
    int changed;                       /* (done) what became of that */
    struct pageout_stats stats;
} po = {.work = WAITQ_INIT(po.work), .done = WAITQ_INIT(po.done), .policy = &policy_clock};

struct pageout_limits pageout_limits(void)
{
    return po.limit;
}

const char *pageout_policy(void)
{
    return po.policy->name;
}

struct pageout_stats pageout_stats(void)
{
    struct pageout_stats s = po.stats;

    s.laundered = launder_stats().written;
    s.failed = launder_stats().failed;
    s.cleared = evict_cleared();
    s.taken = evict_taken();
    s.looks = evict_looks();
    s.nodes = evict_space_stats().nodes;
    s.sleepers = evict_space_stats().spaces;
    return s;
}

/* Frames that the next who needs one can have. */
static uint32_t available(void)
{
    struct frame_stats s = frame_stats();

    return s.free + s.cache;
}

pfn_t pageout_next_group(pfn_t pfn)
{
    pfn_t end = direct_map.end, next = pfn >= end ? end : frame_skip_untouched(pfn + 1);

    return next < end ? next : frame_skip_untouched(direct_map.first);
}

void pageout_count_used(void)
{
    po.stats.used++;
}

/* How many frames to look at now: the fewer are free, the more. */
static uint32_t scan_size(uint32_t have)
{
    uint32_t missing = po.limit.lotsfree - MIN(have, po.limit.lotsfree);

    return SCAN_LEAST + (SCAN_MOST - SCAN_LEAST) * missing / MAX(po.limit.lotsfree, 1u);
}

uint32_t pageout_pace(void)
{
    uint32_t have = available();

    return have < po.limit.lotsfree ? scan_size(have) : 0;
}

static void wake_waiters(uint32_t got)
{
    uint32_t mask = spin_lock_irq(&po.done.lock);

    po.round++;
    po.got = got;
    po.despair_until = got ? 0 : clock_ns() + DESPAIR_NS;
    waitq_wake_locked(&po.done, WAITQ_ALL);
    spin_unlock_irq(&po.done.lock, mask);
}

/* Pages so far that were to be written, and were not. */
static uint32_t unwritten(void)
{
    return launder_added() - launder_stats().written;
}

/* One round, with fewer than lotsfree; what it got. */
static uint32_t scan_round(uint32_t have)
{
    uint32_t missing = po.limit.lotsfree - have, taken = evict_taken(), dirty = unwritten(), got;
    uint32_t failed = launder_stats().failed;
    uint64_t began = clock_ns(), evicting = evict_ns();
    uint32_t looked = po.policy->scan(scan_size(have), MAX(missing, WANT_LEAST));

    po.stats.look_ns += clock_ns() - began - (evict_ns() - evicting);
    launder_flush();
    got = evict_taken() - taken - (unwritten() - dirty);
    po.stats.rounds++;
    po.stats.scanned += looked;
    po.fruitless = got ? 0 : po.fruitless + looked + FAILURE * (launder_stats().failed - failed);
    return got;
}

/* When memory is desperate the one who sleeps longest goes whole. What it gave. */
static uint32_t take_sleeper(void)
{
    const struct as *as = po.sleeper ? po.sleeper() : NULL;
    uint32_t dirty = unwritten(), taken;

    taken = as ? evict_space(as) : 0;
    return taken - (unwritten() - dirty);
}

/* The thread worked for more than half of the window that ends now. */
static bool is_desperate(void)
{
    uint64_t now = clock_ns(), window = now - po.window_ns;
    bool desperate = po.rested_ns < window / 2;

    if (window < WINDOW_NS)
        return false;
    po.window_ns = now;
    po.rested_ns = 0;
    return desperate;
}

static bool is_hopeless(void)
{
    struct frame_stats s = frame_stats();

    return po.fruitless > TURNS * (s.total - s.reserved);
}

static void begin_turns(void)
{
    po.fruitless = 0;
    po.held = evict_held();
}

static bool hurries(uint32_t have)
{
    return have < po.limit.desfree || __atomic_load_n(&po.waiting, __ATOMIC_RELAXED);
}

/* Here an audit can hold it up. */
static void pause_point(void)
{
    uint32_t mask = spin_lock_irq(&po.work.lock);

    while (po.paused) {
        po.busy = false;
        waitq_sleep(&po.work, mask, SLEEP_DEEP, UINT64_MAX);
        mask = spin_lock_irq(&po.work.lock);
    }
    po.busy = true;
    spin_unlock_irq(&po.work.lock, mask);
}

void pageout_pause(void)
{
    uint32_t mask = spin_lock_irq(&po.work.lock);

    po.paused = true;
    while (po.busy) {
        spin_unlock_irq(&po.work.lock, mask);
        frame_nap();
        mask = spin_lock_irq(&po.work.lock);
    }
    spin_unlock_irq(&po.work.lock, mask);
}

void pageout_resume(void)
{
    uint32_t mask = spin_lock_irq(&po.work.lock);

    po.paused = false;
    waitq_wake_locked(&po.work, 1);
    spin_unlock_irq(&po.work.lock, mask);
}

/* Sleeps until somebody needs frames, or for a tick. */
static void rest(uint64_t until)
{
    uint64_t began = clock_ns();
    uint32_t mask = spin_lock_irq(&po.work.lock);

    po.busy = false;
    if (__atomic_exchange_n(&po.wanted, false, __ATOMIC_RELAXED))
        spin_unlock_irq(&po.work.lock, mask);
    else
        waitq_sleep(&po.work, mask, SLEEP_DEEP, until);
    po.rested_ns += clock_ns() - began;
}

/* Sleeps, whoever asks; without swap not beyond the moment when there is some, which is hope. */
static void sleep_until(uint64_t until, bool with_swap)
{
    uint32_t mask;

    while (clock_ns() < until && (with_swap || swap_room() == 0)) {
        mask = spin_lock_irq(&po.work.lock);
        po.busy = false;
        waitq_sleep(&po.work, mask, SLEEP_DEEP, until);
    }
}

/* Nothing was found in all the turns. Where pages would have gone but for who is at work on them,
 * who may wait for this CPU, there is hope for some ticks. */
static void give_up(void)
{
    if (evict_held() != po.held && po.patience < PATIENCE) {
        po.patience++;
        sleep_until(clock_ns() + TICK_NS, true);
    } else {
        po.stats.hopeless += hurries(available());
        po.patience = 0;
        wake_waiters(0);
        sleep_until(po.despair_until, false);
    }
    begin_turns();
}

/* The other policy starts before this one stops, which goes on if it can't. */
static int change(const struct policy *to)
{
    int error = to != po.policy && to->start ? to->start() : 0;

    if (error || to == po.policy)
        return error;
    if (po.policy->stop)
        po.policy->stop();
    __atomic_store_n(&po.policy, to, __ATOMIC_RELAXED);
    return 0;
}

/* Does what policy_set wants; whoever asked for it may have gone meanwhile. */
static void change_if_asked(void)
{
    const struct policy *to = __atomic_load_n(&po.next, __ATOMIC_RELAXED);
    uint32_t mask;
    int error;

    if (!to)
        return;
    error = change(to);
    mask = spin_lock_irq(&po.done.lock);
    po.next = NULL;
    po.changed = error;
    waitq_wake_locked(&po.done, WAITQ_ALL);
    spin_unlock_irq(&po.done.lock, mask);
}

const struct policy *policy_current(void)
{
    return __atomic_load_n(&po.policy, __ATOMIC_RELAXED);
}

int pageout_change(const struct policy *p)
{
    uint32_t mask;
    int error = 0;

    if (!po.running)
        return change(p);
    mask = spin_lock_irq(&po.done.lock);
    if (po.next) {
        spin_unlock_irq(&po.done.lock, mask);
        return -EBUSY;
    }
    __atomic_store_n(&po.next, p, __ATOMIC_RELAXED);
    spin_unlock_irq(&po.done.lock, mask);
    pageout_wake();
    mask = spin_lock_irq(&po.done.lock);
    while (po.next == p && !error) {
        error = waitq_sleep(&po.done, mask, SLEEP_KILLABLE, UINT64_MAX);
        mask = spin_lock_irq(&po.done.lock);
    }
    if (!error)
        error = po.changed;
    spin_unlock_irq(&po.done.lock, mask);
    return error;
}

static void pageout_run(void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t have, got;

        pause_point();
        change_if_asked();
        have = available();
        if (have >= po.limit.lotsfree) {
            wake_waiters(1);
            rest(UINT64_MAX);
            continue;
        }
        got = scan_round(have);
        if (is_desperate() || is_hopeless())
            got += take_sleeper();
        if (got) {
            begin_turns();
            po.patience = 0;
            wake_waiters(got);
        }
        if (is_hopeless())
            give_up();
        else if (!hurries(available()))
            rest(clock_ns() + TICK_NS);
        preempt_point();
    }
}

void pageout_wake(void)
{
    uint32_t mask;

    if (!po.running || __atomic_exchange_n(&po.wanted, true, __ATOMIC_RELAXED))
        return;
    mask = spin_lock_irq(&po.work.lock);
    waitq_wake_locked(&po.work, 1);
    spin_unlock_irq(&po.work.lock, mask);
}

void pageout_set_sleeper(const struct as *(*sleeper)(void))
{
    po.sleeper = sleeper;
}

bool pageout_wait(void)
{
    uint32_t mask, round;
    bool got;

    if (!po.running)
        return false;
    mask = spin_lock_irq(&po.done.lock);
    if (clock_ns() < po.despair_until && swap_room() == 0) {
        spin_unlock_irq(&po.done.lock, mask);
        pageout_wake();
        return false;
    }
    round = po.round; /* before the thread is asked: what it does then is a later one */
    po.stats.waits++;
    po.waiting++;
    spin_unlock_irq(&po.done.lock, mask);
    pageout_wake();
    mask = spin_lock_irq(&po.done.lock);
    while (po.round == round) {
        waitq_sleep(&po.done, mask, SLEEP_DEEP, UINT64_MAX);
        mask = spin_lock_irq(&po.done.lock);
    }
    po.waiting--;
    got = po.got > 0;
    spin_unlock_irq(&po.done.lock, mask);
    return got;
}

pfn_t pageout_frame(void)
{
    pfn_t pfn;

    do {
        pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
    } while (pfn == NO_PFN && pageout_wait());
    return pfn;
}

bool pageout_make(uint32_t n)
{
    n = MIN(n, po.limit.lotsfree);
    while (!frame_at_least(n))
        if (swap_room() < n || !pageout_wait())
            return false;
    return true;
}

/* Frames are short; true: something is done about it. */
static bool tell(void)
{
    pageout_wake();
    return clock_ns() >= po.despair_until || swap_room();
}

static void set_limits(void)
{
    struct frame_stats s = frame_stats();
    uint32_t lots = MIN(MAX((s.total - s.reserved) / LOTS_SHARE, LOTS_LEAST), LOTS_MOST);
    uint32_t reserve = frame_reserve();

    po.limit = (struct pageout_limits){
        .lotsfree = reserve + lots, .desfree = reserve + lots / 2, .minfree = reserve};
}

int pageout_start(void)
{
    int error;

    set_limits();
    policy_init();
    error = kthread_start(pageout_run, NULL);
    if (!error) {
        po.running = true;
        frame_set_short(po.limit.lotsfree, tell);
    }
    return error;
}
