/* SPDX-License-Identifier: MIT
 *
 * Counts of system calls that are missing: a hash table with open addressing that only grows, and
 * /proc/quire/unimplemented, which prints it. Locks: table.lock, for a look at one entry.
 */
#include "proc/unimplemented.h"

#include <string.h>

#include "kern/spin.h"
#include "lib/hash.h"
#include "proc/procfs_impl.h"

struct missed {
    uint32_t number, count; /* count 0: free */
    char comm[COMM_SIZE];
};

static struct {
    struct spin lock;
    uint32_t total, others;                 /* (lock) calls, and those of them without an entry */
    struct missed entry[UNIMPLEMENTED_MAX]; /* (lock) */
} table = {.lock = SPIN_INIT(LOCK_UNIMPLEMENTED)};

/* Any number of counts stops at the largest. */
static void add(uint32_t *count)
{
    *count += *count != UINT32_MAX;
}

static uint32_t place_of(uint32_t number, const char comm[COMM_SIZE])
{
    uint32_t hash = number;

    for (unsigned i = 0; i < COMM_SIZE && comm[i]; i++)
        hash = (hash ^ (uint8_t)comm[i]) * HASH_GOLDEN;
    return (hash * HASH_GOLDEN) >> 24;
}

_Static_assert(UNIMPLEMENTED_MAX == 1u << 8, "place_of gives eight bits");

/* The entry of the pair, or a free one; NULL: neither is there. */
static struct missed *find_locked(uint32_t number, const char comm[COMM_SIZE])
{
    uint32_t at = place_of(number, comm);

    for (unsigned i = 0; i < UNIMPLEMENTED_MAX; i++) {
        struct missed *m = &table.entry[(at + i) % UNIMPLEMENTED_MAX];

        if (!m->count || (m->number == number && memcmp(m->comm, comm, COMM_SIZE) == 0))
            return m;
    }
    return NULL;
}

void unimplemented_count(uint32_t number)
{
    char comm[COMM_SIZE];
    struct missed *m;

    memcpy(comm, thread_comm(thread_current()),
           COMM_SIZE); /* a moment's, without the process lock */
    comm[COMM_SIZE - 1] = '\0';
    spin_lock(&table.lock);
    add(&table.total);
    m = find_locked(number, comm);
    if (m) {
        m->number = number;
        memcpy(m->comm, comm, COMM_SIZE);
        add(&m->count);
    } else {
        add(&table.others);
    }
    spin_unlock(&table.lock);
}

uint32_t unimplemented_total(void)
{
    return *(volatile uint32_t *)&table.total;
}

/* The program's name with its own end, what is no letter as '?': one line an entry. */
static void entry_line(struct text *t, struct missed *m)
{
    for (char *c = m->comm; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '?';
    text_printf(t, "%u %u %s\n", (unsigned)m->number, (unsigned)m->count, *m->comm ? m->comm : "?");
}

/* NUMBER COUNT PROGRAM, in no order; then what had no place, and the sum. */
void procfs_unimplemented(struct text *t, struct proc *p)
{
    uint32_t others, total;

    (void)p;
    for (unsigned i = 0; i < UNIMPLEMENTED_MAX; i++) {
        struct missed m;

        spin_lock(&table.lock);
        m = table.entry[i];
        spin_unlock(&table.lock);
        if (m.count)
            entry_line(t, &m);
    }
    spin_lock(&table.lock);
    others = table.others;
    total = table.total;
    spin_unlock(&table.lock);
    text_printf(t, "others %u\ntotal %u\n", (unsigned)others, (unsigned)total);
}
