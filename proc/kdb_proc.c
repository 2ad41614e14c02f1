/* SPDX-License-Identifier: MIT
 *
 * Commands of kdb for threads: who there is, where each one is and what it waits for, who holds
 * sleeping locks. A thread that runs on no CPU goes on where arch_switch left it; what it waits for
 * is named after the function that went to sleep. Nothing is locked: see kern/kdb.h.
 */
#include <string.h>

#include "kern/arch.h"
#include "kern/cpu.h"
#include "kern/kdb.h"
#include "kern/lockcheck.h"
#include "kern/symbols.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"

typedef void frame_fn(const struct trapframe *tf, void *arg);

static struct cpu *cpu_of(const struct thread *t)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpu_table[i] && cpu_table[i]->thread == t)
            return cpu_table[i];
    return NULL;
}

static const char *name_of(const struct thread *t)
{
    return t->proc ? t->proc->comm : cpu_of(t) && cpu_of(t)->idle == t ? "[idle]" : "[kernel]";
}

/* Where a thread sleeps: the innermost function that is not part of sleeping itself. */
struct sleep {
    char name[SYMBOL_NAME_MAX]; /* "": not found */
    bool in_mutex, in_rwlock;
};

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static void look_for_sleeper(uint32_t pc, void *arg)
{
    static const char *const inside[] = {"sched", "waitq_", "mutex_", "rwlock_", "lock_slow"};
    struct sleep *s = arg;
    char name[SYMBOL_NAME_MAX];
    uint32_t offset;

    if (*s->name || !symbol_name(pc - 4, &offset, name))
        return;
    s->in_mutex |= starts_with(name, "mutex_");
    s->in_rwlock |= starts_with(name, "lock_slow");
    for (unsigned i = 0; i < ARRAY_SIZE(inside); i++)
        if (starts_with(name, inside[i]))
            return;
    memcpy(s->name, name, sizeof(name));
}

static void look_at_stack(const struct trapframe *tf, void *arg)
{
    arch_backtrace(tf, look_for_sleeper, arg);
}

static int tid_of(const void *thread)
{
    return thread ? ((const struct thread *)thread)->tid : 0;
}

static void print_sleep(const struct thread *t)
{
    struct sleep s = {0};

    arch_thread_frame(t, look_at_stack, &s);
    kdb_printf("%s", *s.name ? s.name : "?");
    if (s.in_mutex && t->waiting_on)
        kdb_printf(": mutex %p of thread %d", (void *)t->waiting_on,
                   tid_of(container_of(t->waiting_on, struct mutex, wait)->owner));
    else if (s.in_rwlock && t->waiting_on)
        kdb_printf(": rwlock %p, state %x, writer %d", (void *)t->waiting_on,
                   container_of(t->waiting_on, struct rwlock, wait)->state,
                   tid_of(container_of(t->waiting_on, struct rwlock, wait)->writer));
    kdb_printf("\n");
}

static void ps_line(struct thread *t, void *arg)
{
    const struct cpu *cpu = cpu_of(t);
    char state = t->state == THREAD_SLEEPING ? 'S' : t->state == THREAD_ZOMBIE ? 'Z' : 'R';

    (void)arg;
    if (kdb_stopped())
        return;
    kdb_printf("%5d %5d %5d %c ", t->tid, t->proc ? t->proc->pid : 0, t->proc ? t->proc->ppid : 0,
               state);
    if (cpu)
        kdb_printf("%3u", cpu->id);
    else
        kdb_printf("  -");
    kdb_printf(" %5u %-15s ", t->locks_held, name_of(t));
    if (state == 'S')
        print_sleep(t);
    else
        kdb_printf("%s\n", cpu ? "runs" : "ready");
}

static void cmd_ps(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    kdb_printf("  TID   PID  PPID S CPU LOCKS COMMAND         IN\n");
    thread_for_each_stopped(ps_line, NULL);
    proc_for_each_stopped (p) {
        if (kdb_stopped())
            return;
        if (p->zombie)
            kdb_printf("    - %5d %5d Z   -     0 %-15s\n", p->pid, p->ppid, p->comm);
    }
}

/* Which thread or CPU a command is about, and what it does with the registers. */
struct target {
    struct thread *thread;
    uint32_t tid;
    frame_fn *fn;
};

static void find_tid(struct thread *t, void *arg)
{
    struct target *target = arg;

    if (t->tid == (int)target->tid)
        target->thread = t;
}

static void with_cpu(unsigned cpu, struct target *target)
{
    const struct trapframe *tf = cpu < CPU_MAX ? kdb_cpu_frame(cpu) : NULL;

    target->thread = cpu < CPU_MAX && cpu_table[cpu] ? cpu_table[cpu]->thread : NULL;
    if (!target->thread)
        kdb_printf("there is no cpu %u\n", cpu);
    else if (!tf)
        kdb_printf("cpu %u does not stand still: its registers are not known\n", cpu);
    else
        target->fn(tf, target->thread);
}

/* Calls fn(registers, thread) for what the words say: nothing (this CPU), cpu N, or TID. */
static void with_target(unsigned argc, char **argv, frame_fn *fn)
{
    struct target target = {.fn = fn};
    uint32_t n = cpu_id();

    if (argc > 2 && strcmp(argv[1], "cpu") == 0 && !kdb_number(argv[2], 10, &n))
        return;
    if (argc != 2) {
        with_cpu(n, &target);
        return;
    }
    if (!kdb_number(argv[1], 10, &target.tid))
        return;
    thread_for_each_stopped(find_tid, &target);
    if (!target.thread)
        kdb_printf("there is no thread %u\n", target.tid);
    else if (cpu_of(target.thread))
        with_cpu(cpu_of(target.thread)->id, &target);
    else
        arch_thread_frame(target.thread, fn, target.thread);
}

static void print_whose(const struct thread *t)
{
    kdb_printf("thread %d of process %d, %s\n", t->tid, t->proc ? t->proc->pid : 0, name_of(t));
}

static void show_backtrace(const struct trapframe *tf, void *thread)
{
    const struct thread *t = thread;

    print_whose(t);
    if (!arch_frame_is_user(tf))
        kdb_backtrace(tf);
    if (t->proc)
        kdb_printf("  user pc %08x\n", arch_frame_pc(t->frame));
}

static void show_registers(const struct trapframe *tf, void *thread)
{
    print_whose(thread);
    arch_show_registers(tf, kdb_printf);
}

static void cmd_backtrace(unsigned argc, char **argv)
{
    with_target(argc, argv, show_backtrace);
}

static void cmd_registers(unsigned argc, char **argv)
{
    with_target(argc, argv, show_registers);
}

static void cmd_cpu(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    for (unsigned i = 0; i < CPU_MAX; i++) {
        const struct trapframe *tf = kdb_cpu_frame(i);

        if (!(cpus_online() >> i & 1))
            continue;
        kdb_printf("cpu %u %-6s thread %5d %-15s ", i,
                   i == cpu_id() ? "here"
                   : tf          ? "paused"
                                 : "runs",
                   cpu_table[i]->thread->tid, name_of(cpu_table[i]->thread));
        if (tf)
            kdb_print_pc(arch_frame_pc(tf), false);
        else
            kdb_printf("?\n");
    }
}

/* In debug builds each lock, and where it was taken. */
static void print_held(const struct thread *t)
{
#if CONFIG_LOCKCHECK
    lock_list_print(&t->locks, "    ", kdb_printf);
#else
    (void)t;
#endif
}

static void print_spinning(void)
{
#if CONFIG_LOCKCHECK
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (lock_list_of_cpu(i)->n) {
            kdb_printf("cpu %u spinning locks\n", i);
            lock_list_print(lock_list_of_cpu(i), "    ", kdb_printf);
        }
#endif
}

static void lock_line(struct thread *t, void *arg)
{
    (void)arg;
    if (t->locks_held == 0 || kdb_stopped())
        return;
    kdb_printf("thread %5d %-15s %u held or waited for; ", t->tid, name_of(t), t->locks_held);
    if (t->state == THREAD_SLEEPING)
        print_sleep(t);
    else
        kdb_printf("%s\n", cpu_of(t) ? "runs" : "ready");
    print_held(t);
}

/* Of each thread how many; of the locks themselves those of address spaces, which have a place. */
static void cmd_locks(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    print_spinning();
    thread_for_each_stopped(lock_line, NULL);
    proc_for_each_stopped (p) {
        const struct rwlock *l = p->as ? &p->as->lock : NULL;

        if (l && l->state && !kdb_stopped())
            kdb_printf("as->lock of process %d: %u readers, writer %d%s\n", p->pid,
                       l->state & ~(RWLOCK_WRITER | RWLOCK_WAITING), tid_of(l->writer),
                       l->state & RWLOCK_WAITING ? ", others wait" : "");
    }
}

KDB_COMMAND(ps, "", "threads, and what they wait in", cmd_ps);
KDB_COMMAND(bt, "[TID | cpu N]", "backtrace", cmd_backtrace);
KDB_COMMAND(r, "[TID | cpu N]", "registers", cmd_registers);
KDB_COMMAND(cpu, "", "where each CPU is", cmd_cpu);
KDB_COMMAND(locks, "", "sleeping locks", cmd_locks);
