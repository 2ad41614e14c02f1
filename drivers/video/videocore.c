/* SPDX-License-Identifier: MIT
 *
 * Messages to the VideoCore: written into a buffer of ours, whose address goes through the mailbox
 * and comes back when the firmware has put its answers into their places. The firmware is another
 * computer, and not trusted: it may never answer, late, or nonsense. The buffer is this file's for
 * ever, so that an answer that comes too late writes nobody else's memory.
 * The VideoCore does not see our caches: lines are cleaned before and dropped after.
 * No locks: one caller at a time.
 */
#include "drivers/video/videocore.h"

#include <string.h>

#include "drivers/video/videocore_regs.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/device.h"
#include "kern/lock.h"

#define WAIT_MAX_NS    NSEC_PER_SEC
#define MESSAGE_WORDS  64u
#define ALIGNMENT      4096u /* of the picture: programs map pages */
#define SIDE_MIN       16u
#define SIDE_MAX       4096u
#define DEFAULT_WIDTH  640u
#define DEFAULT_HEIGHT 480u

/* Nothing else lies in its cache lines. */
static uint32_t message[MESSAGE_WORDS] __aligned(64);

static void message_begin(void)
{
    memset(message, 0, sizeof(message));
    message[0] = 2 * sizeof(uint32_t); /* so far: this and the code */
    message[1] = MESSAGE_REQUEST;
}

/* Adds a tag with n values, of which the first two are given; where its values begin. */
static unsigned message_add(uint32_t tag, unsigned n, uint32_t a, uint32_t b)
{
    unsigned at = message[0] / sizeof(uint32_t);

    message[at] = tag;
    message[at + 1] = n * sizeof(uint32_t);
    message[at + 3] = a;
    if (n > 1)
        message[at + 4] = b;
    message[0] += (3 + n) * sizeof(uint32_t);
    return at + 3;
}

/* The tag whose n values are at `at` was answered with as many. */
static bool answered(unsigned at, unsigned n)
{
    uint32_t code = message[at - 1];

    return code & TAG_ANSWERED && (code & ~TAG_ANSWERED) >= n * sizeof(uint32_t);
}

/* Until the bits are clear in a status register: false at the deadline. */
static bool wait_clear(const struct videocore *vc, uint32_t status, uint32_t bits,
                       uint64_t deadline)
{
    while (reg_read(vc->base, status) & bits) {
        if (clock_ns() >= deadline)
            return false;
        preempt_point();
    }
    return true;
}

/* Sends the message, and waits for its address to come back: what else comes is nobody's. */
static int message_exchange(const struct videocore *vc)
{
    uint64_t deadline = clock_ns() + WAIT_MAX_NS, phys;
    uint32_t word;

    message[0] += sizeof(uint32_t); /* the end, a tag of 0 */
    if (!arch_translate((uintptr_t)message, &phys) || phys < vc->phys_base ||
        phys - vc->phys_base + sizeof(message) > vc->bytes)
        return -EFAULT;
    word = ((uint32_t)phys - vc->phys_base + vc->bus_base) | MBOX_CHANNEL_PROPERTY;
    arch_dma_sync(message, sizeof(message));
    if (!wait_clear(vc, MBOX_WRITE_STATUS, MBOX_WRITE_STATUS_FULL, deadline))
        return -ETIMEDOUT;
    reg_write(vc->base, MBOX_WRITE, word);
    do {
        if (!wait_clear(vc, MBOX_STATUS, MBOX_STATUS_EMPTY, deadline) || clock_ns() >= deadline)
            return -ETIMEDOUT;
    } while (reg_read(vc->base, MBOX_READ) != word);
    arch_dma_sync(message, sizeof(message));
    return message[1] == MESSAGE_DONE ? 0 : -EIO;
}

static bool side_good(uint32_t pixels)
{
    return pixels >= SIDE_MIN && pixels <= SIDE_MAX;
}

/* What the display shows now. */
static int ask_size(const struct videocore *vc, struct framebuffer *fb)
{
    unsigned at;
    int error;

    message_begin();
    at = message_add(TAG_GET_SIZE, 2, 0, 0);
    error = message_exchange(vc);
    if (error)
        return error;
    fb->width = message[at];
    fb->height = message[at + 1];
    if (answered(at, 2) && side_good(fb->width) && side_good(fb->height))
        return 0;
    fb->width = DEFAULT_WIDTH;
    fb->height = DEFAULT_HEIGHT;
    return 0;
}

/* The picture lies in RAM, with room for all its lines, at the beginning of a page. */
static bool place_good(const struct videocore *vc, const struct framebuffer *fb)
{
    uint32_t offset = fb->phys - vc->phys_base;

    return fb->phys >= vc->phys_base && fb->phys % ALIGNMENT == 0 && fb->pitch_bytes % 4 == 0 &&
           fb->pitch_bytes / 4 >= fb->width &&
           (uint64_t)fb->pitch_bytes * fb->height <= fb->size_bytes && offset <= vc->bytes &&
           fb->size_bytes <= vc->bytes - offset;
}

int videocore_framebuffer(const struct videocore *vc, struct framebuffer *fb)
{
    unsigned size, depth, order, memory, pitch;
    int error = ask_size(vc, fb);

    if (error)
        return error;
    message_begin();
    message_add(TAG_SET_SIZE, 2, fb->width, fb->height);
    size = message_add(TAG_SET_VIRTUAL, 2, fb->width, fb->height);
    message_add(TAG_SET_OFFSET, 2, 0, 0);
    depth = message_add(TAG_SET_DEPTH, 1, 32, 0);
    order = message_add(TAG_SET_PIXEL_ORDER, 1, PIXEL_BLUE_FIRST, 0);
    memory = message_add(TAG_ALLOCATE, 2, ALIGNMENT, 0);
    pitch = message_add(TAG_GET_PITCH, 1, 0, 0);
    error = message_exchange(vc);
    if (error)
        return error;
    if (!answered(size, 2) || !answered(depth, 1) || !answered(order, 1) || !answered(memory, 2) ||
        !answered(pitch, 1))
        return -EIO;
    fb->width = message[size];
    fb->height = message[size + 1];
    fb->pitch_bytes = message[pitch];
    fb->phys = (message[memory] & BUS_PLACE) - (vc->bus_base & BUS_PLACE) + vc->phys_base;
    fb->size_bytes = message[memory + 1];
    fb->red_first = message[order] == PIXEL_RED_FIRST;
    return message[depth] == 32 && message[order] <= PIXEL_RED_FIRST && side_good(fb->width) &&
                   side_good(fb->height) && place_good(vc, fb)
               ? 0
               : -EIO;
}
