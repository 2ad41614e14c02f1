/* SPDX-License-Identifier: MIT
 *
 * The search. step[i] is the i-th choice of the schedule being run and what is known of the state
 * before it: who could go on, who must be tried there, who was. A thread's next step that depends
 * on an earlier one of another thread, which did not have to come first by what both did before, is
 * a race: the other order is noted at the earlier step. Happened-before is kept as vector clocks of
 * step numbers. Everything here lives on the heap: the program's own data are put back for every
 * schedule.
 */
#include "tests/host/coop/coop.h"

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "kern/panic.h"
#include "tests/host/coop/memory.h"

#define STEPS       8192u
#define THINGS      4096u /* a power of two */
#define STACK_BYTES (256u * 1024)
#define MAIN        COOP_PROCS
#define BIT(p)      (uint8_t)(1u << (p))

struct clock {
    uint16_t of[COOP_PROCS]; /* its latest step that came before, plus one */
};

struct proc {
    ucontext_t context;
    char *stack;
    void *fake_stack;
    struct coop_op next;
    struct clock clock;
    bool over, woken;
    const void *looked_at; /* by the last atomic load */
    size_t looked_size;
    uint64_t looked;
};

struct step {
    uint8_t proc, enabled, backtrack, done, sleep;
    unsigned preemptions; /* up to here: who could have gone on did not */
    struct coop_op op;
};

/* A thing and the steps that read, wrote or added to it last. */
struct thing {
    uintptr_t key;
    unsigned run;
    struct clock by[3];
};

static struct search {
    struct proc proc[COOP_PROCS + 1];
    struct step step[STEPS];
    struct thing thing[THINGS];
    struct coop_exploration *e;
    unsigned self, depth, prefix, run;
    bool inside, pruned, replaying;
    const void *main_stack;
    size_t main_bytes;
} * s;

bool coop_inside(void)
{
    return s && s->inside;
}

static void join(struct clock *to, const struct clock *from)
{
    for (unsigned i = 0; i < COOP_PROCS; i++)
        to->of[i] = MAX(to->of[i], from->of[i]);
}

static uint64_t word_at(const void *p, size_t size)
{
    uint64_t w = 0;

    memcpy(&w, p, size);
    return w;
}

static bool is_enabled(const struct proc *p)
{
    const struct coop_op *op = &p->next;

    if (p->over)
        return false;
    switch (op->when) {
    case COOP_IF_ZERO: return word_at(op->on, op->size) == 0;
    case COOP_IF_EVEN: return word_at(op->on, op->size) % 2 == 0;
    case COOP_IF_CHANGE: return word_at(op->on, op->size) != op->seen;
    case COOP_IF_WOKEN: return p->woken;
    case COOP_IF_FREE:
        return word_at(op->on, op->size) == 0 && word_at(op->also, sizeof(void *)) == 0;
    default: return true;
    }
}

static bool depends(const struct coop_op *a, const struct coop_op *b)
{
    for (unsigned i = 0; i < a->n; i++)
        for (unsigned k = 0; k < b->n; k++)
            if (a->access[i].key == b->access[k].key &&
                (a->access[i].mode == COOP_WRITE || a->access[i].mode != b->access[k].mode))
                return true;
    return false;
}

static struct thing *thing_of(uintptr_t key)
{
    uint64_t h = (uint64_t)key * 0x9e3779b97f4a7c15u >> 40;

    for (unsigned i = 0; i < THINGS; i++) {
        struct thing *t = &s->thing[(h + i) % THINGS];

        if (t->run != s->run) {
            *t = (struct thing){.key = key, .run = s->run};
            return t;
        }
        if (t->key == key)
            return t;
    }
    panic("coop: more than %u things", THINGS);
}

/* What came before an access to the thing that may not change places with it. */
static void join_access(struct clock *c, struct coop_access a)
{
    const struct thing *t = thing_of(a.key);

    for (unsigned m = 0; m < 3; m++)
        if (a.mode == COOP_WRITE || m != a.mode)
            join(c, &t->by[m]);
}

/* Threads that could have been chosen at step i so that p's step comes before it: one must be. */
static void note_at(unsigned i, unsigned p)
{
    struct step *at = &s->step[i];
    uint8_t some = at->enabled & BIT(p);

    for (unsigned q = 0; q < s->e->procs; q++)
        if (at->enabled & BIT(q) && s->proc[p].clock.of[q] >= i + 2)
            some |= BIT(q);
    if (!some)
        at->backtrack |= at->enabled;
    else if (!(at->backtrack & some))
        at->backtrack |= some & BIT(p) ? BIT(p) : some & (uint8_t)-some;
}

/* With a bound to preemptions the other order may have to begin where step i's thread did: Coons,
 * Musuvathi and McKinley, OOPSLA 2013. */
static void note_race(unsigned i, unsigned p)
{
    note_at(i, p);
    if (!s->e->preemptions)
        return;
    while (i > 0 && s->step[i - 1].proc == s->step[i].proc)
        i--;
    note_at(i, p);
}

/* The latest step that races with what p does next. */
static void find_race(unsigned p)
{
    for (unsigned i = s->depth; i-- > 0;) {
        unsigned q = s->step[i].proc;

        if (q != p && s->proc[p].clock.of[q] < i + 1 && depends(&s->step[i].op, &s->proc[p].next)) {
            note_race(i, p);
            return;
        }
    }
}

static uint8_t enabled_now(void)
{
    uint8_t set = 0;

    for (unsigned p = 0; p < s->e->procs; p++) {
        struct proc *pr = &s->proc[p];

        if (pr->over)
            continue;
        if (pr->next.resolve) {
            pr->next.resolve(&pr->next, pr->next.arg);
            if (s->depth >= s->prefix)
                find_race(p);
        }
        if (is_enabled(pr))
            set |= BIT(p);
    }
    return set;
}

/* Who need not be chosen before somebody has done what his step depends on: that was tried. */
static uint8_t sleepers(void)
{
    const struct step *last = s->depth ? &s->step[s->depth - 1] : NULL;
    uint8_t set = 0;

    for (unsigned q = 0; last && q < s->e->procs; q++)
        if ((last->sleep | last->done) & BIT(q) && q != last->proc &&
            !depends(&s->proc[q].next, &last->op))
            set |= BIT(q);
    return set;
}

static bool all_over(void)
{
    for (unsigned p = 0; p < s->e->procs; p++)
        if (!s->proc[p].over)
            return false;
    return true;
}

/* Preemptions up to step i, if it is p's. */
static unsigned preemptions(unsigned i, unsigned p)
{
    const struct step *last = i ? &s->step[i - 1] : NULL;

    if (!last)
        return 0;
    return last->preemptions + (last->proc != p && s->step[i].enabled & BIT(last->proc));
}

/* The step is p's: what comes after it is noted. */
static void commit(unsigned p)
{
    struct proc *pr = &s->proc[p];
    struct step *st = &s->step[s->depth];

    st->proc = (uint8_t)p;
    st->op = pr->next;
    st->preemptions = preemptions(s->depth, p);
    if (pr->next.when == COOP_IF_CHANGE)
        join_access(&pr->clock, (struct coop_access){(uintptr_t)pr->next.on, COOP_READ});
    for (unsigned i = 0; i < pr->next.n; i++)
        join_access(&pr->clock, pr->next.access[i]);
    pr->clock.of[p] = (uint16_t)(s->depth + 1);
    for (unsigned i = 0; i < pr->next.n; i++)
        join(&thing_of(pr->next.access[i].key)->by[pr->next.access[i].mode], &pr->clock);
    pr->woken = false;
    for (unsigned q = 0; s->depth + 1 >= s->prefix && q < s->e->procs; q++)
        if (q != p && !s->proc[q].over && depends(&st->op, &s->proc[q].next))
            note_race(s->depth, q);
    s->depth++;
}

/* Of a state that was not seen before: the thread that runs goes on if it can. */
static unsigned choose_new(struct step *st)
{
    uint8_t can = st->enabled & (uint8_t)~st->sleep;
    unsigned last = s->depth ? s->step[s->depth - 1].proc : 0;

    if (!can) {
        s->pruned = true;
        return MAIN;
    }
    unsigned p = can & BIT(last) ? last : (unsigned)__builtin_ctz(can);

    st->backtrack = BIT(p);
    st->done = 0;
    return p;
}

/* Who makes the next step; MAIN: nobody. */
static unsigned choose(void)
{
    struct step *st = &s->step[s->depth];
    uint8_t enabled = enabled_now();
    unsigned p;

    if (s->depth + 1 >= STEPS)
        panic("coop: a schedule does not end");
    if (!enabled && all_over())
        return MAIN;
    if (!enabled)
        panic("coop: deadlock: nobody can go on");
    st->sleep = s->replaying || s->e->preemptions ? 0 : sleepers();
    if (s->depth < s->prefix) {
        p = st->proc;
        if (s->replaying)
            st->backtrack = st->done = 0;
        if (!(enabled & BIT(p)))
            panic("coop: the schedule does not repeat: thread %u can not make step %u", p,
                  s->depth);
        st->enabled = enabled;
    } else {
        st->enabled = enabled;
        p = choose_new(st);
        if (p == MAIN)
            return MAIN;
    }
    commit(p);
    return p;
}

static void switch_to(unsigned to)
{
    struct proc *from = &s->proc[s->self], *next = &s->proc[to];

    if (to == s->self)
        return;
    s->self = to;
    s->inside = to != MAIN;
    __sanitizer_start_switch_fiber(&from->fake_stack, to == MAIN ? s->main_stack : next->stack,
                                   to == MAIN ? s->main_bytes : STACK_BYTES);
    swapcontext(&from->context, &next->context);
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
}

void coop_step(const struct coop_op *op)
{
    struct proc *p;

    if (!coop_inside())
        return;
    p = &s->proc[s->self];
    p->next = *op;
    if (p->next.resolve)
        p->next.resolve(&p->next, p->next.arg);
    if (s->depth == 0) {
        switch_to(MAIN); /* the first ones of all are announced before the search begins */
        return;
    }
    if (s->depth >= s->prefix)
        find_race(s->self);
    switch_to(choose());
}

void coop_point(uintptr_t key, enum coop_mode mode)
{
    coop_step(&(struct coop_op){.n = 1, .access = {{key, mode}}});
}

void coop_atomic(enum coop_mode mode, const void *p, size_t size)
{
    if (!coop_inside())
        return;
    coop_point((uintptr_t)p, mode);
    if (mode == COOP_READ) {
        struct proc *pr = &s->proc[s->self];

        pr->looked_at = p;
        pr->looked_size = size;
        pr->looked = word_at(p, size);
    }
}

void coop_wait_change(void)
{
    const struct proc *p;

    if (!coop_inside())
        panic("coop: waiting alone");
    p = &s->proc[s->self];
    coop_step(&(struct coop_op){
        .when = COOP_IF_CHANGE, .on = p->looked_at, .size = p->looked_size, .seen = p->looked});
}

void coop_release(uintptr_t key, enum coop_mode mode)
{
    if (coop_inside())
        join(&thing_of(key)->by[mode], &s->proc[s->self].clock);
}

void coop_wake(unsigned proc)
{
    if (!coop_inside())
        return;
    s->proc[proc].woken = true;
    join(&s->proc[proc].clock, &s->proc[s->self].clock);
}

unsigned coop_self(void)
{
    return coop_inside() ? s->self : 0;
}

unsigned coop_now(void)
{
    return s->depth;
}

static void run_proc(void)
{
    __sanitizer_finish_switch_fiber(NULL, s->proc[MAIN].looked_at ? NULL : &s->main_stack,
                                    s->proc[MAIN].looked_at ? NULL : &s->main_bytes);
    s->proc[MAIN].looked_at = s;
    s->e->body(s->self);
    s->proc[s->self].over = true;
    switch_to(s->depth ? choose() : MAIN);
    abort();
}

static void prepare(struct proc *p)
{
    if (!p->stack)
        p->stack = malloc(STACK_BYTES);
    __asan_unpoison_memory_region(p->stack, STACK_BYTES);
    getcontext(&p->context);
    p->context.uc_stack.ss_sp = p->stack;
    p->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&p->context, run_proc, 0);
    p->clock = (struct clock){0};
    p->over = p->woken = false;
}

/* Each thread, to its first step. */
static void start_procs(void)
{
    for (unsigned i = 0; i < s->e->procs; i++) {
        prepare(&s->proc[i]);
        switch_to(i);
    }
}

/* The next schedule: the deepest step where somebody else must be tried. False: there is none. */
static bool next_schedule(void)
{
    for (unsigned i = s->depth; i-- > 0;) {
        struct step *st = &s->step[i];
        uint8_t left;

        st->done |= BIT(st->proc);
        left = st->backtrack & (uint8_t) ~(st->done | st->sleep);
        for (unsigned p = 0; s->e->preemptions && p < s->e->procs; p++)
            if (preemptions(i, p) > s->e->preemptions)
                left &= (uint8_t)~BIT(p);
        if (left) {
            st->proc = (uint8_t)__builtin_ctz(left);
            s->prefix = i + 1;
            return true;
        }
    }
    return false;
}

static void parse_replay(const char *text)
{
    char *end;

    for (s->prefix = 0; *text; text = *end ? end + 1 : end) {
        unsigned p = (unsigned)strtoul(text, &end, 10), n = 1;

        if (*end == 'x')
            n = (unsigned)strtoul(end + 1, &end, 10);
        for (; n && s->prefix < STEPS; n--)
            s->step[s->prefix++].proc = (uint8_t)p;
    }
    s->replaying = true;
}

void coop_print(void)
{
    if (!s || !s->e)
        return;
    fprintf(stderr, "case: %s\nschedule: ", s->e->name);
    for (unsigned i = 0, n; i < s->depth; i += n) {
        for (n = 1; i + n < s->depth && s->step[i + n].proc == s->step[i].proc;)
            n++;
        fprintf(stderr, n > 1 ? "%s%ux%u" : "%s%u", i ? "," : "", s->step[i].proc, n);
    }
    fprintf(stderr, "\n");
}

static void died(int signal)
{
    (void)signal;
    coop_print();
    _exit(1);
}

void coop_init(void)
{
    s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    signal(SIGABRT, died);
    __sanitizer_set_death_callback(coop_print);
    coop_pristine();
}

void coop_explore(struct coop_exploration *e)
{
    bool more = true;

    s->e = e;
    s->self = MAIN;
    s->prefix = 0;
    s->replaying = false;
    e->schedules = e->redundant = e->steps = 0;
    if (e->replay)
        parse_replay(e->replay);
    while (more && !(e->most && e->schedules + e->redundant >= e->most)) {
        coop_restore();
        s->run++;
        s->depth = 0;
        s->pruned = false;
        start_procs();
        switch_to(choose());
        e->steps = MAX(e->steps, s->depth);
        if (s->pruned) {
            e->redundant++;
        } else {
            e->schedules++;
            e->check();
        }
        more = !s->replaying && next_schedule();
    }
    e->complete = !more;
    s->e = NULL;
}
