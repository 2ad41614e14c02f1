/* SPDX-License-Identifier: MIT
 *
 * The kernel-wide generator. Locks: pool.lock, with interrupts masked; long requests are cut into
 * pieces of CHUNK_BYTES, so that it is never held for long.
 */
#include "kern/random.h"

#include "kern/spin.h"
#include "lib/random.h"

#define CHUNK_BYTES 64u

static struct {
    struct spin lock;
    struct random state; /* lock */
    bool seeded;         /* lock to set */
} pool = {.lock = SPIN_INIT(LOCK_RANDOM)};

void random_add_entropy(const void *data, size_t len)
{
    uint32_t mask = spin_lock_irq(&pool.lock);

    random_stir(&pool.state, data, len);
    pool.seeded = true;
    spin_unlock_irq(&pool.lock, mask);
}

void random_fill(void *buf, size_t len)
{
    for (size_t done = 0; done < len; done += CHUNK_BYTES) {
        uint32_t mask = spin_lock_irq(&pool.lock);

        random_bytes(&pool.state, (char *)buf + done, MIN(len - done, CHUNK_BYTES));
        spin_unlock_irq(&pool.lock, mask);
    }
}

uint32_t random_u32(void)
{
    uint32_t value;

    random_fill(&value, sizeof(value));
    return value;
}

bool random_seeded(void)
{
    return *(volatile bool *)&pool.seeded;
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
