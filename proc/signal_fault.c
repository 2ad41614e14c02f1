/* SPDX-License-Identifier: MIT
 *
 * Faults that become signals. A handler gets to know where and why; who has none dies, and a person
 * reads on the console what the program did and what lies there.
 * Locks: as->lock, to look at the segments; (T).
 */
#include "kern/log.h"
#include "lib/fmt.h"
#include "mm/fault.h"
#include "proc/proc_impl.h"
#include "proc/signal_impl.h"

#define SEGMENT_WORDS  64
#define SEGMENTS_SHOWN 8u

/* s in words, with text around it. */
static void segment_words(const struct seg *s, const char *before, const char *after,
                          char buf[SEGMENT_WORDS])
{
    fmt_snprint(buf, SEGMENT_WORDS, "%s%s segment 0x%08lx-0x%08lx %c%c%c%s", before,
                s->flags & SEG_GROWS  ? "stack"
                : s->flags & SEG_HEAP ? "heap"
                                      : s->ops->name,
                (unsigned long)s->base, (unsigned long)seg_end(s), s->prot & PROT_READ ? 'r' : '-',
                s->prot & PROT_WRITE ? 'w' : '-', s->prot & PROT_EXEC ? 'x' : '-', after);
}

/* What lies at the address, in words; false: nothing does. The caller's locks, if a kernel path got
 * here with some, may be the one that is needed: then nothing is said. */
static bool describe_segment(vaddr_t va, char buf[SEGMENT_WORDS])
{
    struct as *as = thread_current()->as;
    const struct seg *s;

    buf[0] = '\0';
    if (!as || thread_current()->locks_held)
        return true;
    rwlock_read(&as->lock);
    s = as_find(as, va);
    if (s)
        segment_words(s, " (", ")", buf);
    else
        fmt_snprint(buf, SEGMENT_WORDS, " (no segment)");
    rwlock_read_done(&as->lock);
    return s != NULL;
}

/* Where the address could have been: the lowest segments, as many as are of use to a reader. */
static void list_segments(void)
{
    struct as *as = thread_current()->as;
    char words[SEGMENT_WORDS];
    unsigned shown = 0;

    rwlock_read(&as->lock);
    for (struct tree_link *l = tree_first(&as->segs); l && shown < SEGMENTS_SHOWN;
         l = tree_next(l), shown++) {
        segment_words(container_of(l, struct seg, by_addr), "  ", "\n", words);
        log_printf("%s", words);
    }
    if (as->nsegs > shown)
        log_printf("  and %u more\n", as->nsegs - shown);
    rwlock_read_done(&as->lock);
}

/* The line in words, and where it could have been. */
static void tell(const struct proc *p, const struct signal_fault *f)
{
    char where[SEGMENT_WORDS];
    bool found;

    if (!f->has_address) {
        log_printf("%s[%d]: killed: %s at pc 0x%08lx\n", p->comm, p->pid, f->what,
                   (unsigned long)f->pc);
        return;
    }
    found = describe_segment(f->address, where);
    log_printf("%s[%d]: killed: %s 0x%08lx%s at pc 0x%08lx\n", p->comm, p->pid, f->what,
               (unsigned long)f->address, where, (unsigned long)f->pc);
    if (!found)
        list_segments();
}

void signal_fault(const struct signal_fault *f)
{
    struct siginfo info = {.signo = f->sig, .code = f->code, .word = {f->address}};
    struct proc *p = proc_current();

    if (!f->fatal && signal_force(&info))
        return;
    tell(p, f);
    signal_kill_now(p, f->sig);
}

void fault_account(enum fault_kind kind)
{
    struct thread *t = thread_current();

    t->fault_kind = (uint8_t)kind;
    if (kind == FAULT_PAGEIN || kind == FAULT_PAGER)
        t->major_faults++;
    else
        t->minor_faults++;
}
