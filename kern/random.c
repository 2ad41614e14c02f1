/* SPDX-License-Identifier: MIT
 *
 * The kernel's generators, one for each CPU, so that CPUs do not meet. What is unpredictable goes
 * to the first; each of the others takes a key from it before it is next used. Locks: a pool's,
 * with interrupts masked, one at a time; long requests are cut into pieces of CHUNK_BYTES, so that
 * it is never held for long.
 */
#include "kern/random.h"

#include "kern/cpu.h"
#include "kern/spin.h"
#include "lib/random.h"

#define CHUNK_BYTES 64u

static struct pool {
    struct spin lock;
    struct random state; /* lock */
    uint32_t round;      /* its CPU's own: 1 + rounds when it took its key, 0: never */
} pools[CPU_MAX] = {[0 ... CPU_MAX - 1] = {.lock = SPIN_INIT(LOCK_RANDOM)}};

static uint32_t rounds; /* atomic: how often something unpredictable came */

static void stir(struct pool *p, const void *data, size_t len)
{
    uint32_t mask = spin_lock_irq(&p->lock);

    random_stir(&p->state, data, len);
    spin_unlock_irq(&p->lock, mask);
}

static void draw(struct pool *p, void *buf, size_t len)
{
    uint32_t mask = spin_lock_irq(&p->lock);

    random_bytes(&p->state, buf, len);
    spin_unlock_irq(&p->lock, mask);
}

void random_add_entropy(const void *data, size_t len)
{
    stir(&pools[0], data, len);
    __atomic_fetch_add(&rounds, 1, __ATOMIC_RELEASE);
}

/* The calling CPU's. Twice a key, by an interrupt in between, does no harm. */
static struct pool *own_pool(void)
{
    struct pool *p = &pools[cpu_here()];
    uint32_t round = __atomic_load_n(&rounds, __ATOMIC_ACQUIRE) + 1, key[RANDOM_KEY_BYTES / 4];

    if (unlikely(p != pools && p->round != round)) {
        draw(&pools[0], key, sizeof(key));
        stir(p, key, sizeof(key));
        p->round = round;
    }
    return p;
}

void random_fill(void *buf, size_t len)
{
    struct pool *p = own_pool();

    for (size_t done = 0; done < len; done += CHUNK_BYTES)
        draw(p, (char *)buf + done, MIN(len - done, CHUNK_BYTES));
}

uint32_t random_u32(void)
{
    uint32_t value;

    random_fill(&value, sizeof(value));
    return value;
}

bool random_seeded(void)
{
    return __atomic_load_n(&rounds, __ATOMIC_RELAXED) > 0;
}

void random_init(const struct fdt *fdt)
{
    static const char *const seeds[] = {"rng-seed", "kaslr-seed"};
    int chosen = fdt_path(fdt, "/chosen");

    for (unsigned i = 0; chosen >= 0 && i < ARRAY_SIZE(seeds); i++) {
        size_t len;
        const void *seed = fdt_prop(fdt, chosen, seeds[i], &len);

        if (seed && len > 0)
            random_add_entropy(seed, len);
    }
}
