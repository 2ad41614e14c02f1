/* SPDX-License-Identifier: MIT
 *
 * Virtio's block device: Virtual I/O Device (VIRTIO) version 1.1, 5.2. A request is a chain of
 * descriptors: a header, pieces of frames, a byte of status; request n has the same ones each time,
 * so that there is nothing to allocate or to find.
 * The device is not trusted: a used entry is believed if it names a request that the device has,
 * and only that it has ended. Any other, or too many, and the device is reset and all its requests
 * have failed; if it can't even be reset it is dead, and its requests run into the layer's
 * deadline, since it may still write where they told it to; after that nothing stops it. Locks: (q)
 * held in all functions of struct block_ops; the interrupt takes none.
 */
#include "drivers/virtio/virtio_blk.h"

#include "drivers/virtio/virtio_blk_regs.h"
#include "drivers/virtio/virtio_mmio_regs.h"
#include "include/uapi/errno.h"
#include "kern/irq.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "mm/frame.h"

#define DISKS_MAX    4u
#define MAJOR        254u /* Linux gives its own a free one, from above */
#define MEMORY_PAGES 3u

#define STATUS_NONE 0xffu /* not yet written */

#define FEATURES                                                                                   \
    (BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_RO | BLK_F_FLUSH | VIRTIO_F_VERSION_1 |                \
     VIRTIO_F_ORDER_PLATFORM)

/* What a request has beside its pages, in the device's memory. */
struct blk_place {
    struct blk_header header;
    uint8_t status;
};

_Static_assert(sizeof(struct blk_header) == 16, "5.2.6");
_Static_assert(RING_BYTES_MAX + 8 + BLOCK_DEPTH_MAX * sizeof(struct blk_place) <=
                   MEMORY_PAGES * PAGE_SIZE,
               "the ring and the places fit");

#define PLACES_AT ALIGN_UP(RING_BYTES_MAX, 8u)

static struct virtio_blk disks[DISKS_MAX];
static unsigned ndisks; /* at boot alone */

/* Once a device: who lies lies often. (q) may be held: a line in the log at most. */
static void blk_complain(struct virtio_blk *b, const char *what)
{
    if (!b->complained)
        log_printf("virtio-blk%u: the device %s\n", b->number, what);
    b->complained = true;
}

/* With its memory in order again the device goes on, with no request. The features that it had are
 * those it must have. */
static int blk_set_up_again(struct virtio_blk *b)
{
    uint64_t features = b->features;

    if (virtio_negotiate(&b->v, &features) || features != b->features ||
        virtio_queue_max(&b->v) < b->ring.size)
        return -EIO;
    ring_init(&b->ring, pfn_to_virt(b->memory), (uint64_t)b->memory << PAGE_SHIFT, b->ring.size);
    virtio_start(&b->v, &b->ring);
    return 0;
}

static int blk_reset(struct block_device *d)
{
    struct virtio_blk *b = block_data(d);

    b->dead = true;
    if (virtio_reset(&b->v)) {
        blk_complain(b, "can't be reset");
        return -EIO;
    }
    b->in_flight = 0;
    __atomic_store_n(&b->wants_reset, false, __ATOMIC_RELAXED);
    if (blk_set_up_again(b)) {
        blk_complain(b, "is another one after a reset");
        return -EIO;
    }
    b->dead = false;
    return 0;
}

/* The device made no sense: it forgets all requests, and so they have failed. One that does not
 * forget them still has their memory, and they have not ended. */
static void blk_fail_all(struct virtio_blk *b, const char *why)
{
    uint32_t failed = b->in_flight;

    blk_complain(b, why);
    (void)blk_reset(b->dev);
    failed &= ~b->in_flight;
    for (unsigned n = 0; n < b->depth; n++)
        if (failed & 1u << n)
            block_finish(b->dev, block_request(b->dev, n), -EIO);
}

/* Whether request n, which the device has ended, is well. 2.6.8.3: what lies behind the bytes that
 * it claims to have written is not to be read, and status tells by itself whether it was written;
 * 2.6.8.1: a legacy device's claim is worth nothing. */
static int blk_judge(struct virtio_blk *b, unsigned n, uint32_t len)
{
    uint8_t status = b->place[n].status;
    uint32_t data = b->data_bytes[n];

    if (status == BLK_S_IOERR || status == BLK_S_UNSUPP)
        return -EIO;
    if (status != BLK_S_OK) {
        blk_complain(b, "answers with a status that there is not");
        return -EIO;
    }
    if (!b->v.legacy && (len < data || len > data + 1)) {
        blk_complain(b, "says that it has written what it can't have");
        return -EIO;
    }
    return 0;
}

/* Ends the request of a used entry; false: it has no such request. */
static bool blk_end(struct virtio_blk *b, struct ring_used used)
{
    unsigned n = 0;
    int error;

    while (n < b->depth && used.id != n * b->per_request)
        n++;
    if (n == b->depth || !(b->in_flight & 1u << n))
        return false;
    error = blk_judge(b, n, used.len);
    b->in_flight &= ~(1u << n);
    block_finish(b->dev, block_request(b->dev, n), error);
    return true;
}

/* The index is read once, so that this ends: what comes later interrupts again. */
static void blk_poll(struct block_device *d)
{
    struct virtio_blk *b = block_data(d);
    unsigned pending;

    if (b->dead)
        return;
    if (__atomic_load_n(&b->wants_reset, __ATOMIC_RELAXED)) {
        blk_fail_all(b, "has asked for a reset");
        return;
    }
    pending = ring_pending(&b->ring);
    if (pending > (unsigned)__builtin_popcount(b->in_flight)) {
        blk_fail_all(b, "says that it has done more than it was given");
        return;
    }
    while (pending-- > 0)
        if (!blk_end(b, ring_take(&b->ring))) {
            blk_fail_all(b, "says that it has done what it was not given");
            return;
        }
}

static void desc_set(struct virtio_blk *b, unsigned at, uint64_t phys, uint32_t bytes,
                     unsigned flags)
{
    volatile struct ring_desc *desc = &b->ring.desc[at];

    desc->phys = phys;
    desc->bytes = bytes;
    desc->flags = (uint16_t)flags;
    desc->next = (uint16_t)(at + 1);
}

/* The descriptors of a transfer from `at` on; where the next ones go. */
static unsigned desc_set_io(struct virtio_blk *b, unsigned at, const struct block_io *io)
{
    uint64_t phys = ((uint64_t)io->pfn << PAGE_SHIFT) + io->offset;
    unsigned flags = DESC_NEXT | (io->op == BLOCK_READ ? DESC_WRITE : 0);

    for (uint32_t left = io->bytes, bytes; left > 0; left -= bytes, phys += bytes) {
        bytes = MIN(left, b->segment_bytes);
        desc_set(b, at++, phys, bytes, flags);
    }
    return at;
}

/* 5.2.6: header, data, status, each in descriptors of its own, as legacy devices want it. */
static void blk_start(struct block_device *d, struct block_request *r)
{
    static const uint8_t types[] = {
        [BLOCK_READ] = BLK_T_IN, [BLOCK_WRITE] = BLK_T_OUT, [BLOCK_FLUSH] = BLK_T_FLUSH};
    struct virtio_blk *b = block_data(d);
    volatile struct blk_place *place = &b->place[r->n];
    uint64_t phys = ((uint64_t)b->memory << PAGE_SHIFT) + PLACES_AT + r->n * sizeof(*place);
    unsigned first = r->n * b->per_request, at = first;

    kdebug_assert(r->n < b->depth && r->ios <= b->chain && !(b->in_flight & 1u << r->n));
    if (b->dead)
        return;
    place->header.type = types[r->op];
    place->header.sector = r->op == BLOCK_FLUSH ? 0 : r->sector;
    place->status = STATUS_NONE;
    b->data_bytes[r->n] = r->op == BLOCK_READ ? r->sectors * SECTOR_BYTES : 0;
    desc_set(b, at++, phys, sizeof(place->header), DESC_NEXT);
    for (const struct block_io *io = r->first; io && r->op != BLOCK_FLUSH; io = io->next)
        at = desc_set_io(b, at, io);
    desc_set(b, at, phys + offsetof(struct blk_place, status), 1, DESC_WRITE);
    kdebug_assert(at < first + b->per_request);
    b->in_flight |= 1u << r->n;
    if (ring_put(&b->ring, first))
        virtio_notify(&b->v);
}

static const struct block_ops blk_ops = {.start = blk_start, .poll = blk_poll, .reset = blk_reset};

static void blk_interrupt(void *arg)
{
    struct virtio_blk *b = arg;
    struct virtio_events events = virtio_interrupt(&b->v);
    struct block_device *dev = __atomic_load_n(&b->dev, __ATOMIC_ACQUIRE);

    if (events.reset)
        __atomic_store_n(&b->wants_reset, true, __ATOMIC_RELAXED);
    if (dev && (events.used || events.reset))
        block_interrupt(dev);
}

/* How large requests may be, and how many the queue holds at a time. Segments are whole sectors. */
static int blk_choose(struct virtio_blk *b)
{
    uint32_t segments = RING_SIZE_MAX, pieces = 1, size = virtio_queue_max(&b->v);

    b->segment_bytes = PAGE_SIZE;
    if (b->features & BLK_F_SIZE_MAX)
        b->segment_bytes =
            MIN(ALIGN_DOWN(virtio_config(&b->v, BLK_CONFIG_SIZE_MAX), SECTOR_BYTES), PAGE_SIZE);
    if (b->features & BLK_F_SEG_MAX)
        segments = MIN(virtio_config(&b->v, BLK_CONFIG_SEG_MAX), segments);
    if (b->segment_bytes == 0 || size < 2)
        return -EIO;
    while (pieces * b->segment_bytes < PAGE_SIZE)
        pieces++;
    b->ring.size = RING_SIZE_MAX;
    while (b->ring.size > size)
        b->ring.size /= 2;
    segments = MIN(segments, b->ring.size - 2u);
    b->chain = MIN(segments / pieces, BLOCK_CHAIN_MAX);
    if (b->chain == 0)
        return -EIO;
    b->per_request = b->chain * pieces + 2;
    b->depth = MIN(b->ring.size / b->per_request, BLOCK_DEPTH_MAX);
    return 0;
}

/* Everything of the device but its interrupt; its size in sectors. It is reset, and has memory. */
static int blk_set_up(struct virtio_blk *b, uint64_t *sectors)
{
    int error;

    b->features = FEATURES;
    error = virtio_negotiate(&b->v, &b->features);
    if (!error)
        error = virtio_config64(&b->v, BLK_CONFIG_CAPACITY, sectors);
    if (!error)
        error = blk_choose(b);
    if (error)
        return error;
    ring_init(&b->ring, pfn_to_virt(b->memory), (uint64_t)b->memory << PAGE_SHIFT, b->ring.size);
    virtio_start(&b->v, &b->ring);
    return 0;
}

static int blk_register(struct virtio_blk *b, uint64_t sectors)
{
    const struct block_info info = {
        .prefix = "vd",
        .major = MAJOR,
        .ops = &blk_ops,
        .data = b,
        .sectors = sectors,
        .depth = b->depth,
        .chain = b->chain,
        .read_only = (b->features & BLK_F_RO) != 0,
        .has_flush = (b->features & BLK_F_FLUSH) != 0,
    };

    struct block_device *dev = block_register(&info);
    if (!dev)
        return -ENOSPC;
    __atomic_store_n(&b->dev, dev, __ATOMIC_RELEASE);
    block_interrupt(dev); /* for what came before the interrupt knew whose it is */
    return 0;
}

int virtio_blk_attach(struct virtio_blk *b, const struct virtio_device *v, int irq)
{
    uint64_t sectors;
    int error;

    b->v = *v;
    error = virtio_reset(&b->v);
    if (error)
        return error;
    b->memory = frame_alloc_contiguous(MEMORY_PAGES, 1);
    if (b->memory == NO_PFN)
        return -ENOMEM;
    b->place = (void *)((char *)pfn_to_virt(b->memory) + PLACES_AT);
    error = blk_set_up(b, &sectors);
    if (!error)
        error = irq_request(irq, blk_interrupt, b, "virtio-blk");
    if (!error)
        error = blk_register(b, sectors);
    if (!error)
        return 0;
    if (virtio_reset(&b->v) == 0)
        frame_free_contiguous(b->memory, MEMORY_PAGES); /* else it is the device's for ever */
    virtio_give_up(&b->v);
    return error;
}

/* A disk's struct is used once, well or not: an interrupt may have it. */
int virtio_blk_probe(const struct virtio_device *v, int irq)
{
    if (ndisks == DISKS_MAX)
        return -ENOSPC;
    disks[ndisks].number = ndisks;
    return virtio_blk_attach(&disks[ndisks++], v, irq);
}
