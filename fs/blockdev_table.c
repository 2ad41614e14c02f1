/* SPDX-License-Identifier: MIT
 *
 * Which block devices there are: disks, and the partitions that their tables name. Tables are read
 * at boot, before the first program, and again when BLKRRPART asks. A damaged one is refused as a
 * whole, with the reason on the console; the disk itself is there all the same.
 * Locks: table.lock, which sleeps, for reading a table again and for opening; places are filled
 * once.
 */
#include <string.h>

#include "block/mbr.h"
#include "fs/blockdev_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/log.h"
#include "lib/fmt.h"
#include "mm/slab.h"

/* Pages have numbers of 32 bits, and so has the one behind the last. */
#define SECTORS_MAX ((uint64_t)UINT32_MAX * (PAGE_SIZE / SECTOR_BYTES))

#define TABLE_WAIT_NS 5000000000ull /* at boot, for all of them */

static struct slab_cache bdev_cache = SLAB_CACHE("bdev", sizeof(struct bdev));

static struct {
    struct mutex lock;
    struct bdev *of[BDEVS_MAX]; /* atomic */
} table = {.lock = MUTEX_INIT(table.lock, LOCK_PARTITIONS)};

struct bdev *bdev_nth(unsigned i)
{
    return __atomic_load_n(&table.of[i], __ATOMIC_ACQUIRE);
}

struct bdev *bdev_find(uint32_t rdev)
{
    for (unsigned i = 0; i < BDEVS_MAX; i++)
        if (bdev_nth(i) && bdev_nth(i)->rdev == rdev)
            return bdev_nth(i);
    return NULL;
}

const struct vnode_ops *blockdev_ops(uint32_t rdev)
{
    return bdev_find(rdev) ? &bdev_ops : NULL;
}

uint32_t blockdev_number(unsigned i)
{
    const struct bdev *b = bdev_nth(i * (1 + PARTS));

    return b ? b->rdev : 0;
}

void blockdev_each(void (*visit)(uint32_t rdev, const char *name, uint64_t sectors, void *arg),
                   void *arg)
{
    const struct bdev *b;

    for (unsigned i = 0; i < BDEVS_MAX; i++)
        if ((b = bdev_nth(i)) && b->sectors)
            visit(b->rdev, b->name, b->sectors, arg);
}

/* Linux's numbers: a disk with partitions has 16, one without has one. */
static uint32_t number_of(const struct block_device *d, unsigned part)
{
    const struct block_info *info = block_info(d);
    unsigned n = 0;

    for (unsigned i = 0; block_disk(i) != d; i++)
        n += block_info(block_disk(i))->major == info->major;
    return info->major << 8 | (info->by_number ? n : n * MINORS + part);
}

/* A device without sectors as yet, and its node. */
static struct bdev *make(unsigned place, struct block_device *d, unsigned part)
{
    struct bdev *b = slab_alloc(&bdev_cache);
    char path[32];
    int error;

    if (!b)
        return NULL;
    memset(b, 0, sizeof(*b));
    b->disk = d;
    b->rdev = number_of(d, part);
    if (part)
        fmt_snprint(b->name, sizeof(b->name), "%s%u", block_name(d), part);
    else
        fmt_snprint(b->name, sizeof(b->name), "%s", block_name(d));
    mutex_init(&b->lock);
    lock_classify(&b->lock, LOCK_BDEV);
    obj_create(&b->obj, &bdev_obj_ops, b, 0);
    __atomic_store_n(&table.of[place], b, __ATOMIC_RELEASE);
    fmt_snprint(path, sizeof(path), "/dev/%s", b->name);
    error = vnode_make(NULL, path, S_IFBLK | 0660, b->rdev, NULL);
    if (error && error != -EEXIST)
        log_printf("%s: no node (error %d)\n", b->name, -error);
    return b;
}

static unsigned place_of(const struct bdev *b)
{
    unsigned i = 0;

    while (bdev_nth(i) != b)
        i++;
    return i;
}

/* The n-th partition of the disk at the place becomes this, or goes. */
static int set_part(unsigned place, unsigned n, uint64_t first, uint64_t sectors)
{
    struct bdev *b = bdev_nth(place + n);

    if (!b && sectors)
        b = make(place + n, bdev_nth(place)->disk, n);
    if (!b)
        return sectors ? -ENOMEM : 0;
    return bdev_become(b, first, sectors);
}

/* Of a disk's first sector. 0 or -ENOMEM; a damaged table is none. */
static int use_table(unsigned place, const uint8_t *sector)
{
    struct bdev *b = bdev_nth(place);
    struct mbr_part parts[PARTS];
    const char *why;
    int error = mbr_parse(sector, b->sectors, parts, &why);

    if (error && error != -ENOENT)
        log_printf("%s: partition table refused: %s\n", b->name, why);
    if (error)
        memset(parts, 0, sizeof(parts));
    error = 0;
    for (unsigned n = 1; !error && n <= PARTS; n++)
        error = set_part(place, n, parts[n - 1].start, parts[n - 1].count);
    return error;
}

int bdev_hold(struct bdev *b)
{
    int error = 0;

    mutex_lock(&table.lock); /* a table that is read again closes none that was opened meanwhile */
    if (b->sectors == 0)
        error = -ENXIO;
    else
        __atomic_fetch_add(&b->opens, 1, __ATOMIC_RELAXED);
    mutex_unlock(&table.lock);
    return error;
}

/* Who has it open or mapped. Nobody maps what is neither, so that the files are asked first. */
static uint32_t bdev_users(const struct bdev *b)
{
    uint32_t opens = __atomic_load_n(&b->opens, __ATOMIC_ACQUIRE);

    return opens + __atomic_load_n(&b->obj.refs, __ATOMIC_ACQUIRE) - 1;
}

static bool part_is_open(unsigned place)
{
    for (unsigned n = 1; n <= PARTS; n++)
        if (bdev_nth(place + n) && bdev_users(bdev_nth(place + n)))
            return true;
    return false;
}

static bool overlap(const struct bdev *a, const struct bdev *b)
{
    return a->disk == b->disk && a->first < b->first + b->sectors &&
           b->first < a->first + a->sectors;
}

bool bdev_is_swap(const struct bdev *b)
{
    const struct bdev *other;
    bool is = false;

    mutex_lock(&table.lock);
    for (unsigned i = 0; i < BDEVS_MAX; i++)
        is |= (other = bdev_nth(i)) && other->swap && overlap(other, b);
    mutex_unlock(&table.lock);
    return is;
}

int bdev_set_swap(struct bdev *b, bool swap)
{
    const struct bdev *other;
    int error = 0;

    mutex_lock(&table.lock);
    for (unsigned i = 0; swap && i < BDEVS_MAX; i++)
        if ((other = bdev_nth(i)) && overlap(other, b) &&
            (other->swap || bdev_users(other) > (other == b)))
            error = -EBUSY;
    if (!error)
        b->swap = swap;
    mutex_unlock(&table.lock);
    return error;
}

int bdev_read_table(struct bdev *b)
{
    unsigned place = place_of(b);
    int error;
    pfn_t pfn;

    if (place % (1 + PARTS) || block_info(b->disk)->by_number)
        return -EINVAL;
    mutex_lock(&table.lock);
    if (part_is_open(place)) {
        mutex_unlock(&table.lock);
        return -EBUSY;
    }
    error = bdev_drop(b);
    if (!error)
        error = obj_get(&b->obj, 0, &pfn, NULL);
    if (!error) {
        error = use_table(place, pfn_to_virt(pfn));
        obj_put(pfn);
    }
    mutex_unlock(&table.lock);
    return error;
}

/* A table that is read at boot, where nobody may sleep. */
struct reading {
    struct block_io io;
    bool done; /* atomic */
};

static void reading_done(struct block_io *io)
{
    struct reading *r = io->arg;

    __atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
}

static void read_at_boot(unsigned place, struct reading *r, uint64_t deadline_ns)
{
    struct bdev *b = bdev_nth(place);
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL);

    if (pfn == NO_PFN)
        return;
    r->io = (struct block_io){.dev = b->disk,
                              .op = BLOCK_READ,
                              .pfn = pfn,
                              .bytes = SECTOR_BYTES,
                              .done = reading_done,
                              .arg = r};
    block_submit(&r->io);
    while (!__atomic_load_n(&r->done, __ATOMIC_ACQUIRE)) {
        if (clock_ns() > deadline_ns) { /* the frame stays the device's */
            log_printf("%s: no answer: its partitions are not known\n", b->name);
            return;
        }
        kthread_run_others();
    }
    if (!r->io.error && use_table(place, pfn_to_virt(pfn)))
        log_printf("%s: no memory for its partitions\n", b->name);
    frame_free(pfn);
}

int blockdev_make_nodes(void)
{
    static struct reading readings[BLOCK_DEVICES];
    uint64_t deadline_ns = clock_ns() + TABLE_WAIT_NS;

    bdev_back_init();
    for (unsigned i = 0; block_disk(i); i++) {
        unsigned place = i * (1 + PARTS);
        struct bdev *b = make(place, block_disk(i), 0);

        if (!b)
            return -ENOMEM;
        b->sectors = MIN(block_info(b->disk)->sectors, SECTORS_MAX);
        if (b->sectors < block_info(b->disk)->sectors)
            log_printf("%s: of this disk the first 16 TiB can be used\n", b->name);
        obj_grow(&b->obj, b->sectors * SECTOR_BYTES);
        if (!block_info(b->disk)->by_number)
            read_at_boot(place, &readings[i], deadline_ns);
    }
    return block_disk(0) ? kthread_start(bdev_write_back_run, NULL) : 0;
}
