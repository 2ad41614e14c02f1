/* SPDX-License-Identifier: MIT
 *
 * See fake_virtio.h. Numbers are transcribed from the specification a second time.
 */
#include "tests/host/fake_virtio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/device.h"
#include "mm/frame.h"

struct fake_virtio fake;
uint8_t *fake_ram;
uint8_t fake_disk[FAKE_SECTORS * 512];

struct direct_map direct_map;
uintptr_t fake_bias;

static char registers;

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

static void *ram(uint64_t phys, uint32_t bytes, enum fake_access access)
{
    uint64_t page = (phys - FAKE_PHYS) / FAKE_PAGE,
             last = (phys - FAKE_PHYS + bytes - 1) / FAKE_PAGE;

    assert_true(phys >= FAKE_PHYS && bytes > 0 && last < FAKE_PAGES);
    if (page < FAKE_RING)
        assert_true(last < FAKE_RING);
    else
        assert_int_equal(page, last);
    for (; page <= last; page++)
        assert_true(fake.access[page] >= access &&
                    (access == PAGE_TO_WRITE || page < FAKE_RING || fake.access[page] == access));
    return fake_ram + (phys - FAKE_PHYS);
}

static bool legacy(void)
{
    return fake.version == 1;
}

static bool running(void)
{
    return fake.status & 4 && !(fake.status & 0x40) &&
           (legacy() ? fake.queue_pfn : fake.ready) != 0;
}

static void interrupt(uint32_t bit)
{
    if (!fake.interrupts)
        fake.edge = true;
    fake.interrupts |= bit;
}

static void reset(void)
{
    fake.resets++;
    if (fake.stuck)
        return;
    fake.status = fake.interrupts = fake.queue_pfn = fake.ready = fake.num = 0;
    fake.page_size = fake.align = fake.seen = fake.used = 0;
    fake.features_sel = fake.driver_sel = fake.queue_sel = ~0u;
    fake.driver_features = fake.desc = fake.driver = fake.device = 0;
    fake.nwork = 0;
    fake.edge = fake.broken = false;
    memset(fake.lied, 0, sizeof(fake.lied));
    memset(fake.done, 0, sizeof(fake.done));
    if (fake.features_next)
        fake.features = fake.features_next;
}

static void write_status(uint32_t value)
{
    if (value == 0) {
        reset();
        return;
    }
    if (value & 0x80) {
        fake.status = value;
        return;
    }
    assert_int_equal(value & ~0x0fu, 0);
    assert_int_equal(fake.status & ~value, 0); /* 2.1.1: no bit is taken back */
    if (value & 8)
        assert_false(legacy());
    if (value & 8 && fake.no_features_ok)
        value &= ~8u;
    if (value & 4) {
        assert_true(legacy() || value & 8);
        assert_int_equal(fake.driver_features & ~fake.features, 0);
    }
    fake.status = value;
}

static uint32_t read_config(uint32_t offset)
{
    assert_true(fake.status & 2);
    if (fake.unsteady) {
        fake.generation++;
        fake.sectors += 0x100000001;
    }
    switch (offset) {
    case 0: return (uint32_t)fake.sectors;
    case 4: return (uint32_t)(fake.sectors >> 32);
    case 8: assert_true(fake.driver_features & 2); return fake.size_max;
    case 12: assert_true(fake.driver_features & 4); return fake.seg_max;
    default: fail_msg("configuration read at %u", offset); return 0;
    }
}

static void while_handled(void)
{
    if (!fake.busy || fake.below(16))
        return;
    if (fake.below(2))
        fake_end(LIE_NONE);
    else
        interrupt(2); /* the configuration changed: nobody cares */
}

uint32_t reg_read(volatile void *base, uint32_t offset)
{
    uint32_t value;

    assert_ptr_equal(base, &registers);
    fake.accesses++;
    if (offset >= 0x100)
        return read_config(offset - 0x100);
    switch (offset) {
    case 0x00: return fake.magic;
    case 0x04: return fake.version;
    case 0x08: return fake.id;
    case 0x10:
        assert_true(fake.features_sel == 0 || (fake.features_sel == 1 && !legacy()));
        return (uint32_t)(fake.features >> 32 * fake.features_sel);
    case 0x34: assert_int_equal(fake.queue_sel, 0); return fake.queue_max;
    case 0x40: assert_true(legacy() && fake.queue_sel == 0); return fake.queue_pfn;
    case 0x44: assert_true(!legacy() && fake.queue_sel == 0); return fake.ready;
    case 0x60:
        value = fake.interrupts | (fake.busy && fake.below(4) == 0 ? 0x80 : 0);
        while_handled();
        return value;
    case 0x70: return fake.status;
    case 0xfc: assert_false(legacy()); return fake.generation;
    default: fail_msg("register read at 0x%x", offset); return 0;
    }
}

/* The queue's registers, while it does not run. */
static void write_queue(uint32_t offset, uint32_t value)
{
    uint64_t *address = offset < 0x90 ? &fake.desc : offset < 0xa0 ? &fake.driver : &fake.device;

    assert_false(running());
    assert_int_equal(fake.queue_sel, 0);
    if (offset == 0x38) {
        assert_true(value > 0 && value <= fake.queue_max && (value & (value - 1)) == 0);
        assert_true(value <= 256);
        fake.num = value;
    } else if (offset == 0x3c) {
        assert_true(legacy());
        fake.align = value;
    } else if (offset == 0x40) {
        assert_true(legacy() && fake.page_size && fake.align && fake.num);
        fake.queue_pfn = value;
        fake.desc = (uint64_t)value * fake.page_size;
        fake.driver = fake.desc + 16 * fake.num;
        fake.device =
            (fake.driver + 6 + 2 * fake.num + fake.align - 1) & ~(uint64_t)(fake.align - 1);
    } else if (offset == 0x44) {
        assert_true(!legacy() && value == 1 && fake.num);
        assert_true(fake.desc % 16 == 0 && fake.driver % 2 == 0 && fake.device % 4 == 0);
        fake.ready = value;
    } else {
        assert_false(legacy());
        if (offset % 8)
            *address = (*address & 0xffffffff) | (uint64_t)value << 32;
        else
            *address = (*address & ~0xffffffffull) | value;
    }
}

static void write_features(uint32_t value)
{
    assert_true(fake.driver_sel == 0 || (fake.driver_sel == 1 && !legacy()));
    assert_int_equal(fake.status & 0x0c, 0);
    assert_int_equal(value & ~(uint32_t)(fake.features >> 32 * fake.driver_sel), 0);
    fake.driver_features |= (uint64_t)value << 32 * fake.driver_sel;
}

void reg_write(volatile void *base, uint32_t offset, uint32_t value)
{
    assert_ptr_equal(base, &registers);
    fake.accesses++;
    switch (offset) {
    case 0x14: fake.features_sel = value; break;
    case 0x20: write_features(value); break;
    case 0x24: fake.driver_sel = value; break;
    case 0x28:
        assert_true(legacy());
        fake.page_size = value;
        break;
    case 0x30: fake.queue_sel = value; break;
    case 0x50:
        assert_int_equal(value, 0);
        assert_true(running() || fake.status & 0x40);
        fake.notified++;
        break;
    case 0x64:
        assert_int_equal(value & ~3u, 0);
        fake.interrupts &= ~value;
        break;
    case 0x70: write_status(value); break;
    default: write_queue(offset, value);
    }
}

static struct desc desc_at(unsigned i)
{
    struct desc d;

    assert_true(i < fake.num);
    memcpy(&d, ram(fake.desc + 16 * i, 16, PAGE_TO_READ), 16);
    assert_int_equal(d.flags & ~3u, 0);
    return d;
}

void fake_take(void)
{
    uint16_t idx, head;

    if (!running())
        return;
    memcpy(&idx, ram(fake.driver + 2, 2, PAGE_TO_READ), 2);
    if (fake.broken && (uint16_t)(idx - fake.seen) > fake.num)
        return; /* it has scribbled over it */
    assert_true((uint16_t)(idx - fake.seen) <= fake.num);
    while (fake.seen != idx) {
        memcpy(&head, ram(fake.driver + 4 + 2 * (fake.seen++ % fake.num), 2, PAGE_TO_READ), 2);
        if (head >= fake.num || fake.nwork == 256) {
            assert_true(fake.broken);
            return;
        }
        fake.lied[head] = fake.done[head] = false;
        fake.work[fake.nwork++] = head;
    }
}

/* Writes an entry that says id and len, without the index. */
static void put_used(uint32_t id, uint32_t len)
{
    uint32_t entry[2] = {id, len};

    memcpy(ram(fake.device + 4 + 8 * (fake.used++ % fake.num), 8, PAGE_TO_WRITE), entry, 8);
}

static void show_used(uint16_t ahead)
{
    uint16_t word[2] = {(uint16_t)fake.below(2), (uint16_t)(fake.used + ahead)};

    memcpy(ram(fake.device, 4, PAGE_TO_WRITE), word, 4);
    interrupt(1);
}

/* Does the request; the bytes that were written, without the status. */
static uint32_t serve(unsigned head, uint8_t status, bool write_status)
{
    struct desc d = desc_at(head);
    uint32_t type, segments = 0, written = 0;
    uint64_t at;
    uint8_t *header;

    assert_true(d.flags == 1 && d.len == 16);
    header = ram(d.addr, 16, PAGE_TO_READ);
    memcpy(&type, header, 4);
    memcpy(&at, header + 8, 8);
    at *= 512;
    assert_true(type == 0 || type == 1 || (type == 4 && at == 0 && fake.driver_features & 0x200));
    for (d = desc_at(d.next); d.flags & 1; d = desc_at(d.next)) {
        assert_true(++segments <= fake.num);
        assert_true(type != 4 && (d.flags & 2) == (type == 0 ? 2 : 0));
        assert_true(d.len % 512 == 0 && at + d.len <= fake.sectors * 512);
        if (fake.features & 2)
            assert_true(d.len <= fake.size_max);
        uint8_t *data = ram(d.addr, d.len, type == 0 ? PAGE_TO_WRITE : PAGE_TO_READ);
        if (type == 0)
            written += d.len;
        if (status == 0)
            memcpy(type ? fake_disk + at : data, type ? data : fake_disk + at, d.len);
        at += d.len;
    }
    if (fake.features & 4)
        assert_true(segments <= fake.seg_max);
    assert_true((segments > 0) == (type != 4));
    assert_true(d.flags == 2 && d.len == 1);
    if (write_status)
        *(uint8_t *)ram(d.addr, 1, PAGE_TO_WRITE) = status;
    return written;
}

static void scribble(void)
{
    uint64_t end = fake.device + 4 + 8 * fake.num;

    for (uint64_t at = fake.desc; at < end; at += 4) {
        uint32_t word = fake.below(3) ? fake.below(300) : fake.below(0xffffffff);
        if (fake.below(2))
            memcpy(ram(at, 4, PAGE_TO_WRITE), &word, 4);
    }
    fake.nwork = 0;
    fake.broken = true;
    interrupt(1);
}

/* Not of a request that it has; head is that of one which it no more works at. */
static uint32_t wild_id(unsigned head)
{
    uint32_t id = fake.below(2) ? fake.below(0xffffffff) : fake.below(300);
    bool known = id == head;

    for (unsigned i = 0; i < fake.nwork; i++)
        known |= id == fake.work[i];
    return known ? wild_id(head) : id;
}

/* The answers that are wrong for all requests. */
static void lie_to_all(enum fake_lie lie, unsigned head)
{
    fake.broken = true;
    if (lie == LIE_WILD_ID)
        put_used(wild_id(head), fake.below(70000));
    if (lie == LIE_OLD_ID)
        put_used((head + 1) % fake.num, 1); /* no chain begins there: they are longer than that */
    if (lie == LIE_TWICE) {
        put_used(head, serve(head, 0, true) + 1);
        fake.done[head] = true;
        put_used(head, 1);
    }
    if (lie == LIE_NEEDS_RESET) {
        fake.status |= 0x40;
        interrupt(2);
    } else {
        show_used(lie == LIE_AHEAD ? (uint16_t)(9 + fake.below(65000)) : 0);
    }
}

void fake_end(enum fake_lie lie)
{
    unsigned i, head;
    uint32_t len, status = lie == LIE_IO_ERROR      ? 1
                           : lie == LIE_UNSUPPORTED ? 2
                           : lie == LIE_STATUS      ? 3 + fake.below(253)
                                                    : 0;

    if (!running() || fake.nwork == 0)
        return;
    i = fake.below(fake.nwork);
    head = fake.work[i];
    if (lie == LIE_SCRIBBLE) {
        scribble();
        return;
    }
    if (fake.broken)
        return; /* it may have damaged what it would need now */
    fake.work[i] = fake.work[--fake.nwork];
    fake.lied[head] = lie != LIE_NONE;
    if (lie == LIE_SILENT)
        return;
    if (lie >= LIE_WILD_ID) {
        lie_to_all(lie, head);
        return;
    }
    len = serve(head, (uint8_t)status, lie != LIE_NO_STATUS) + 1;
    fake.done[head] = lie == LIE_NONE || (legacy() && (lie == LIE_SHORT || lie == LIE_LONG));
    if (lie == LIE_SHORT)
        len = len > 1 ? fake.below(len - 1) : 2;
    if (lie == LIE_LONG)
        len += 1 + fake.below(0xffff0000);
    if (legacy() && fake.below(2))
        len = fake.below(0xffffffff); /* 2.6.8.1 */
    put_used(head, len);
    show_used(0);
}

volatile void *device_map_reg(const struct fdt *fdt, int node, unsigned index)
{
    (void)fdt;
    assert_int_equal(index, 0);
    return node < 0 ? NULL : &registers;
}

pfn_t frame_alloc_contiguous(uint32_t count, uint32_t align)
{
    (void)align;
    assert_int_equal(fake.frames, 0);
    assert_true(count <= FAKE_RING);
    if (fake.no_memory)
        return NO_PFN;
    fake.frames = count;
    memset(fake_ram, 0xa5, FAKE_RING * FAKE_PAGE);
    for (unsigned i = 0; i < FAKE_RING; i++)
        fake.access[i] = i < count ? PAGE_TO_WRITE : PAGE_HIDDEN;
    return FAKE_PHYS >> PAGE_SHIFT;
}

void frame_free_contiguous(pfn_t first, uint32_t count)
{
    assert_int_equal(first, FAKE_PHYS >> PAGE_SHIFT);
    assert_int_equal(count, fake.frames);
    assert_int_equal(fake.queue_pfn | fake.ready, 0);
    fake.frames = 0;
}

void fake_begin(void)
{
    fake_ram = aligned_alloc(FAKE_PAGE, FAKE_PAGES * FAKE_PAGE);
    direct_map.offset = (uintptr_t)fake_ram - FAKE_PHYS;
}

void fake_finish(void)
{
    free(fake_ram);
}
