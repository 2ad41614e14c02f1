/* SPDX-License-Identifier: MIT
 *
 * The trace's memory and switches. The rings are frames for each CPU, taken when the trace is
 * first switched on. Filter by process: a mark in struct proc, which fork passes on.
 * Locks: control.lock (sleeps) for everything here, also while rings are read, so that they stay;
 * the process lock inside for the marks.
 */
#include "proc/trace_control.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "lib/cmdline.h"
#include "mm/frame.h"
#include "proc/proc_impl.h"
#include "proc/pid.h"

#define RECORDS_DEFAULT 4096u
#define RECORDS_LEAST   TRACE_PAGE_RECORDS
#define RECORDS_MOST    (PAGE_SIZE / sizeof(void *) * TRACE_PAGE_RECORDS)
#define EVENTS_DEFAULT  (TRACE_ALL & ~TRACE_PAGES)

static struct {
    struct mutex lock;
    uint32_t events;  /* recorded while on */
    uint32_t records; /* of each CPU's ring, when it is made */
    int pid;          /* 0: all processes */
    bool on;
    const struct file *holder; /* NULL: nobody */
    uint32_t generation;       /* rings that have been made */
} control = {.lock = MUTEX_INIT(control.lock, LOCK_TRACE_CONTROL),
             .events = EVENTS_DEFAULT,
             .records = RECORDS_DEFAULT};

/* The pages of a ring, and the one that names them: as many as are there. */
static void pages_free(struct trace_raw **page, uint32_t size)
{
    for (uint32_t i = 0; i < size / TRACE_PAGE_RECORDS && page[i]; i++) {
        frame_free(virt_to_pfn(page[i]));
        preempt_point();
    }
    frame_free(virt_to_pfn(page));
}

/* NULL: no memory. */
static struct trace_raw **pages_make(uint32_t size)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER | FRAME_CLEAR);
    struct trace_raw **page = pfn == NO_PFN ? NULL : pfn_to_virt(pfn);

    for (uint32_t i = 0; page && i < size / TRACE_PAGE_RECORDS; i++) {
        pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
        if (pfn == NO_PFN) {
            pages_free(page, size);
            return NULL;
        }
        page[i] = pfn_to_virt(pfn);
        preempt_point();
    }
    return page;
}

/* Nothing is being recorded. */
static void rings_free(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        struct trace_ring ring = *trace_get_ring(cpu);

        trace_set_ring(cpu, NULL, 0);
        if (ring.page)
            pages_free(ring.page, ring.size);
    }
}

static bool rings_there(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        if (trace_get_ring(cpu)->page)
            return true;
    return false;
}

static int rings_make(void)
{
    for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1) {
        struct trace_raw **page = pages_make(control.records);

        if (!page) {
            rings_free();
            return -ENOMEM;
        }
        trace_set_ring((unsigned)__builtin_ctz(cpus), page, control.records);
    }
    control.generation++;
    return 0;
}

/* What is recorded becomes what control says. */
static void apply(void)
{
    uint32_t events = control.on ? control.events : 0;

    frame_set_trace(events & TRACE_PAGES);
    trace_record_events(events, control.pid != 0);
}

static int switch_on(void)
{
    int error = rings_there() ? 0 : rings_make();

    if (!error) {
        control.on = true;
        apply();
    }
    return error;
}

static void switch_off(void)
{
    control.on = false;
    apply();
}

/* Marks p's unmarked children: whether there were any. Who asks is left out: it would trace how it
 * prints the trace, for ever. */
static bool mark_children(const struct proc *p)
{
    bool any = false;

    list_for_each (it, &p->children) {
        struct proc *child = container_of(it, struct proc, sibling);

        if (child->traced || child == proc_current())
            continue;
        child->traced = true;
        any = true;
    }
    return any;
}

/* Marks the process and its descendants, and nobody else; 0: nobody. */
static int set_pid(int pid)
{
    struct proc *root;
    bool more = pid;

    proc_lock();
    root = pid_proc(pid);
    if (pid && !root) {
        proc_unlock();
        return -ESRCH;
    }
    proc_for_each_locked (p) {
        p->traced = p == root;
        preempt_point();
    }
    while (more) {
        more = false;
        proc_for_each_locked (p) {
            more |= p->traced && mark_children(p);
            preempt_point();
        }
    }
    proc_unlock();
    control.pid = pid;
    apply();
    return 0;
}

static int set_records(uint64_t n)
{
    uint32_t records = RECORDS_LEAST;

    if (rings_there())
        return -EBUSY;
    if (n == 0 || n > RECORDS_MOST)
        return -EINVAL;
    while (records < n)
        records *= 2;
    control.records = records;
    return 0;
}

static int set_events(const char *list, size_t len)
{
    uint32_t events = trace_events_parse(list, len);

    if (!events)
        return -EINVAL;
    control.events = events;
    apply();
    return 0;
}

static int hold(const struct file *f)
{
    if (control.on || control.holder)
        return control.holder == f ? 0 : -EBUSY;
    control.holder = f;
    return 0;
}

static void clear(void)
{
    switch_off();
    rings_free();
}

/* key=value where word begins with key=. */
static bool has_key(const char *key, const char *word, size_t len, const char **value, size_t *vlen)
{
    size_t n = strlen(key);

    if (len <= n || memcmp(word, key, n))
        return false;
    *value = word + n;
    *vlen = len - n;
    return true;
}

static bool is_word(const char *name, const char *word, size_t len)
{
    return strlen(name) == len && memcmp(name, word, len) == 0;
}

static int obey(const struct file *f, const char *word, size_t len)
{
    const char *value;
    uint64_t number;
    size_t vlen;

    if (has_key("events=", word, len, &value, &vlen))
        return set_events(value, vlen);
    if (has_key("pid=", word, len, &value, &vlen))
        return cmdline_size(value, vlen, &number) || number > PID_MAX ? -EINVAL
                                                                      : set_pid((int)number);
    if (has_key("records=", word, len, &value, &vlen))
        return cmdline_size(value, vlen, &number) ? -EINVAL : set_records(number);
    if (is_word("on", word, len))
        return switch_on();
    if (is_word("hold", word, len))
        return hold(f);
    if (is_word("off", word, len))
        switch_off();
    else if (is_word("clear", word, len))
        clear();
    else
        return -EINVAL;
    return 0;
}

int trace_command(const struct file *f, const char *line)
{
    const char *word;
    size_t len;
    int error = 0;

    mutex_lock(&control.lock);
    while (!error && cmdline_next(&line, &word, &len))
        error = obey(f, word, len);
    mutex_unlock(&control.lock);
    return error;
}

void trace_closed(const struct file *f)
{
    mutex_lock(&control.lock);
    if (control.holder == f) {
        clear();
        control.events = EVENTS_DEFAULT;
        control.records = RECORDS_DEFAULT;
        if (set_pid(0) == 0)
            control.holder = NULL;
    }
    mutex_unlock(&control.lock);
}

void trace_boot(void)
{
    char list[64];
    int error = 0;

    if (bootargs_size("trace_records", 0) && set_records(bootargs_size("trace_records", 0)))
        log_printf("trace: trace_records= is not a number of records up to %u\n",
                   (unsigned)RECORDS_MOST);
    if (!bootargs_get("trace", list, sizeof(list)) || bootargs_is("trace", "0"))
        return;
    if (!bootargs_is("trace", "1"))
        error = set_events(list, strlen(list));
    if (!error)
        error = switch_on();
    if (error)
        log_printf("trace: %s\n", error == -ENOMEM ? "no memory for its rings"
                                                   : "trace= is neither 1 nor a list of events");
}

void trace_print_control(struct text *t)
{
    uint32_t written = 0;
    const char *comma = "";

    mutex_lock(&control.lock);
    text_printf(t, "state %s\nevents ", control.on ? "on" : rings_there() ? "off" : "clear");
    for (unsigned event = 0; event < TRACE_EVENTS; event++)
        if (control.events & TRACE_BIT(event)) {
            text_printf(t, "%s%s", comma, trace_event_name(event));
            comma = ",";
        }
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        written += __atomic_load_n(&trace_get_ring(cpu)->head, __ATOMIC_RELAXED);
    text_printf(t, "\npid %d\nrecords %u\nwritten %u\nhz %u\n", control.pid, control.records,
                written, clock_hz());
    mutex_unlock(&control.lock);
}

void trace_print_records(struct text *t)
{
    struct trace_cursor c = {0};
    struct trace_record r;
    char line[TRACE_LINE_MAX];
    bool text = false, first = true;

    text_printf(t, "# %u ticks a second\n", clock_hz());
    mutex_lock(&control.lock);
    trace_look(&c);
    while (trace_next(&c, &r)) {
        if (r.event != TRACE_MORE) {
            text = r.event == TRACE_TEXT;
            text_write(t, "\n", first ? 0 : 1);
        }
        text_write(t, line, (size_t)trace_format(&r, text, line));
        first = false;
    }
    mutex_unlock(&control.lock);
    text_write(t, "\n", first ? 0 : 1);
}

unsigned trace_stream_read(struct trace_stream *s, struct trace_record *r, unsigned max)
{
    unsigned n = 0;

    mutex_lock(&control.lock);
    if (s->generation != control.generation)
        *s = (struct trace_stream){.generation = control.generation};
    if (!s->looked)
        trace_look(&s->cursor);
    s->looked = true;
    while (n < max && trace_next(&s->cursor, &r[n]))
        n++;
    mutex_unlock(&control.lock);
    return n;
}
