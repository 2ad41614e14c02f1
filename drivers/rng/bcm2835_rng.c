/* SPDX-License-Identifier: MIT
 *
 * The Raspberry Pi's random number generator, read once at boot into the kernel's own
 * (kern/random.h). A generator that firmware has started is warm; else it is started here and
 * waited for, at most WAIT_MAX_NS: no entropy is no reason not to boot.
 * No locks: used by the probe alone.
 */
#include "drivers/rng/bcm2835_rng_regs.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/device.h"
#include "kern/random.h"

#define WORDS       16
#define WAIT_MAX_NS (500 * NSEC_PER_MSEC)

static int rng_probe(const struct fdt *fdt, int node)
{
    volatile void *base = device_map_reg(fdt, node, 0);
    uint64_t deadline = clock_ns() + WAIT_MAX_NS;
    uint32_t word[WORDS];
    unsigned n = 0;

    if (!base)
        return -ENXIO;
    if (!(reg_read(base, RNG_CTRL) & RNG_CTRL_RBGEN)) {
        reg_write(base, RNG_STATUS, RNG_STATUS_WARMUP);
        reg_write(base, RNG_CTRL, RNG_CTRL_RBGEN);
    }
    while (n < WORDS) {
        if (reg_read(base, RNG_STATUS) >> RNG_STATUS_WORDS_SHIFT)
            word[n++] = reg_read(base, RNG_DATA);
        else if (clock_ns() >= deadline)
            break;
    }
    if (n > 0)
        random_add_entropy(word, n * sizeof(word[0]));
    return n == WORDS ? 0 : -EIO;
}

static const char *const rng_compatible[] = {"brcm,bcm2835-rng", NULL};

DRIVER(rng, .name = "bcm2835-rng", .compatible = rng_compatible, .level = DRIVER_OTHER,
       .probe = rng_probe);
