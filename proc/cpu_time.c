/* SPDX-License-Identifier: MIT
 *
 * CPU time and resource usage: see cpu_time.h. A thread that ends is accounted when it
 * leaves its process's list of threads, under the same (T), so that nobody counts it twice or not
 * at all. The tick comes by here, too.
 */
#include "proc/cpu_time.h"

#include "proc/sched_impl.h"

#define FAULTS_FEW 64u

/* What p's dead threads used. */
static inline struct usage of_dead(const struct proc *p)
{
    return (struct usage){p->minor_faults, p->major_faults, p->voluntary, p->involuntary,
                          p->most_pages};
}

static struct thread *thread_of(struct list_link *l)
{
    return container_of(l, struct thread, siblings);
}

/* Neither part is less than what was told before. A sample may move time from one to the other. */
static struct cpu_time tell(struct cpu_time now, struct cpu_time *told)
{
    uint64_t sum = cpu_time_sum(now);

    if (sum < cpu_time_sum(*told))
        return *told;
    now.kernel_ns = MAX(now.kernel_ns, told->kernel_ns);
    if (sum - MIN(sum, now.kernel_ns) < told->user_ns)
        now.kernel_ns = sum - told->user_ns;
    now.user_ns = sum - now.kernel_ns;
    *told = now;
    return now;
}

struct cpu_time proc_cpu_time(struct proc *p)
{
    uint32_t mask = thread_table_lock(p);
    struct cpu_time sum = {p->user_ns, p->kernel_ns};

    list_for_each (it, &p->threads) {
        struct cpu_time t = thread_cpu_time(thread_of(it));

        sum.user_ns += t.user_ns;
        sum.kernel_ns += t.kernel_ns;
    }
    sum = tell(sum, &p->told);
    thread_table_unlock(p, mask);
    return sum;
}

bool proc_thread_time(struct proc *p, int tid, struct cpu_time *time)
{
    uint32_t mask = thread_table_lock(p);
    bool found = false;

    list_for_each (it, &p->threads) {
        struct thread *t = thread_of(it);

        found = t->tid == tid;
        if (!found)
            continue;
        *time = tell(thread_cpu_time(t), &t->told);
        break;
    }
    thread_table_unlock(p, mask);
    return found;
}

static void add(struct usage *u, const struct thread *t)
{
    u->minor_faults += t->minor_faults;
    u->major_faults += t->major_faults;
    u->voluntary += t->voluntary;
    u->involuntary += t->involuntary;
}

struct usage thread_usage(void)
{
    struct usage u = {.most_pages = proc_usage(proc_current()).most_pages};

    add(&u, thread_current());
    return u;
}

void proc_note_resident(struct proc *p)
{
    uint32_t pages = p->as ? as_resident(p->as) : 0;
    uint32_t mask = thread_table_lock(p);

    p->most_pages = MAX(p->most_pages, pages);
    thread_table_unlock(p, mask);
}

struct usage proc_usage(struct proc *p)
{
    struct usage u;
    uint32_t mask;

    proc_note_resident(p);
    mask = thread_table_lock(p);
    u = of_dead(p);
    list_for_each (it, &p->threads)
        add(&u, thread_of(it));
    thread_table_unlock(p, mask);
    return u;
}

void proc_account_thread(struct proc *p, struct thread *t)
{
    sched_settle(t);
    p->user_ns += t->user_ns;
    p->kernel_ns += t->kernel_ns;
    p->minor_faults += t->minor_faults;
    p->major_faults += t->major_faults;
    p->voluntary += t->voluntary;
    p->involuntary += t->involuntary;
}

/* Each fault brought a page; where there were many it is worth a look at how many are left. */
void proc_note_most(struct proc *p)
{
    uint32_t faults = thread_current()->minor_faults | 1;

    if (unlikely(faults >= FAULTS_FEW))
        proc_note_resident(p);
    else
        p->most_pages = MAX(p->most_pages, faults);
}

static inline void usage_add(struct usage *u, const struct usage *of)
{
    u->minor_faults += of->minor_faults;
    u->major_faults += of->major_faults;
    u->voluntary += of->voluntary;
    u->involuntary += of->involuntary;
    u->most_pages = MAX(u->most_pages, of->most_pages);
}

struct usage usage_with_children(const struct proc *p)
{
    struct usage u = of_dead(p);

    usage_add(&u, &p->child_used);
    return u;
}

/* Whoever was reaped had a page. */
void proc_account_child(struct proc *p, const struct proc *child)
{
    struct usage of = of_dead(child);

    p->child_user_ns += child->user_ns;
    p->child_kernel_ns += child->kernel_ns;
    usage_add(&p->child_used, &of);
    if (likely(!child->child_used.most_pages))
        return;
    p->child_user_ns += child->child_user_ns;
    p->child_kernel_ns += child->child_kernel_ns;
    usage_add(&p->child_used, &child->child_used);
}

struct cpu_time proc_child_time(struct proc *p, struct usage *used)
{
    uint32_t mask = spin_lock_irq(&p->child_wait.lock);
    struct cpu_time time = {p->child_user_ns, p->child_kernel_ns};

    if (used)
        *used = p->child_used;
    spin_unlock_irq(&p->child_wait.lock, mask);
    return time;
}
