/* SPDX-License-Identifier: MIT
 *
 * Mappings and page faults.
 */
#include "bench.h"

#include <stddef.h>

enum { PAGES = 2048, FILE_PAGES = 1024 };

static volatile char *touched;
static const char page[PAGE];
static uint32_t file;

char *map_at(uint32_t at, uint32_t bytes, uint32_t prot, uint32_t flags, uint32_t fd)
{
    int32_t got = call(NR_mmap2, at, bytes, prot, flags, fd);
    check((uint32_t)got < 0xfffff000u, "mmap");
    return (char *)got;
}

char *map_memory(uint32_t bytes)
{
    return map_at(0, bytes, READ_WRITE, PRIVATE | ANONYMOUS, (uint32_t)-1);
}

void unmap(volatile char *at, uint32_t bytes)
{
    check(call(NR_munmap, (uint32_t)at, bytes, 0, 0, 0) == 0, "munmap");
}

void op_map(void)
{
    unmap(map_memory(PAGE), PAGE);
}

static void op_map_touch(void)
{
    volatile char *at = map_memory(PAGE);
    *at = 1;
    unmap(at, PAGE);
}

static void op_map_large(void)
{
    unmap(map_memory(MIB), MIB);
}

/* One page in the middle of `touched`, and back. */
static void op_protect(void)
{
    uint32_t middle = (uint32_t)touched + 16 * PAGE;
    call(NR_mprotect, middle, PAGE, READ_ONLY, 0, 0);
    call(NR_mprotect, middle, PAGE, READ_WRITE, 0, 0);
}

static void op_break(void)
{
    uint32_t at = (uint32_t)call(NR_brk, 0, 0, 0, 0, 0);
    call(NR_brk, at + PAGE, 0, 0, 0, 0);
    *(volatile char *)at = 1;
}

/* The heap is as small again afterwards. */
static uint64_t break_touch(uint32_t n)
{
    uint32_t before = (uint32_t)call(NR_brk, 0, 0, 0, 0, 0);
    uint64_t spent = cost(op_break, n);
    call(NR_brk, before, 0, 0, 0, 0);
    return each(spent, n);
}

static uint64_t walk(volatile char *at, uint32_t pages, uint32_t stride, enum touch how)
{
    uint32_t sum = 0;
    uint64_t start = ticks();
    for (uint32_t i = 0; i < pages; i += stride) {
        if (how == TOUCH_WRITE)
            at[i * PAGE] = 1;
        else
            sum += (uint32_t)at[i * PAGE];
    }
    uint64_t spent = ticks() - start;
    __asm__ volatile("" ::"r"(sum));
    return spent * TICK;
}

uint64_t touch(volatile char *at, uint32_t pages, uint32_t stride, enum touch how)
{
    uint64_t first = walk(at, pages, stride, how);
    return less(first, walk(at, pages, stride, how));
}

static uint64_t fault_memory(uint32_t how)
{
    volatile char *at = map_memory(PAGES * PAGE);
    uint64_t spent = touch(at, PAGES, 1, (enum touch)how);
    unmap(at, PAGES * PAGE);
    return each(spent, PAGES);
}

/* Memory that a child would share. */
static uint64_t fault_shared(uint32_t arg)
{
    (void)arg;
    volatile char *at = map_at(0, PAGES * PAGE, READ_WRITE, SHARED | ANONYMOUS, (uint32_t)-1);
    uint64_t spent = touch(at, PAGES, 1, TOUCH_WRITE);
    unmap(at, PAGES * PAGE);
    return each(spent, PAGES);
}

static uint64_t dont_need(uint32_t arg)
{
    (void)arg;
    volatile char *at = map_memory(PAGES * PAGE);
    touch(at, PAGES, 1, TOUCH_WRITE);
    uint64_t start = ticks();
    check(call(NR_madvise, (uint32_t)at, PAGES * PAGE, DONTNEED, 0, 0) == 0, "madvise");
    uint64_t spent = (ticks() - start) * TICK;
    unmap(at, PAGES * PAGE);
    return each(spent, PAGES);
}

/* 1 MiB that was written, between two places. */
static void op_move(void)
{
    static uint32_t to;
    uint32_t from = (uint32_t)touched;
    if (!to)
        to = from + 2 * MIB;
    check(call(NR_mremap, from, MIB, MIB, FIXED_PLACE, to) == (int32_t)to, "mremap");
    touched = (char *)to;
    to = from;
}

static uint64_t unmap_pages(uint32_t arg)
{
    (void)arg;
    volatile char *at = map_memory(PAGES * PAGE);
    touch(at, PAGES, 1, TOUCH_WRITE);
    uint64_t start = ticks();
    unmap(at, PAGES * PAGE);
    return each((ticks() - start) * TICK, PAGES);
}

static uint64_t fault_file(enum touch how, uint32_t stride)
{
    volatile char *at =
        map_at(0, FILE_PAGES * PAGE, how == TOUCH_READ ? READ_ONLY : READ_WRITE, PRIVATE, file);
    uint64_t spent = touch(at, FILE_PAGES, stride, how);
    unmap(at, FILE_PAGES * PAGE);
    return each(spent, FILE_PAGES / stride);
}

static uint64_t fault_file_read(uint32_t stride)
{
    return fault_file(TOUCH_READ, stride);
}

static uint64_t fault_file_write(uint32_t stride)
{
    return fault_file(TOUCH_WRITE, stride);
}

/* A file of FILE_PAGES written pages that no name leads to; the caller closes it. */
static uint32_t file_make(void)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/bench.pages", CREATE, 0600, 0);
    check(fd >= 0, "create a file");
    call(NR_unlink, (uint32_t) "/bench.pages", 0, 0, 0, 0);
    for (uint32_t i = 0; i < FILE_PAGES; i++)
        check(call(NR_write, (uint32_t)fd, (uint32_t)page, PAGE, 0, 0) == (int32_t)PAGE, "write");
    return (uint32_t)fd;
}

static uint64_t fault_file_shared(uint32_t arg)
{
    (void)arg;
    uint32_t fd = file_make();
    volatile char *at = map_at(0, FILE_PAGES * PAGE, READ_WRITE, SHARED, fd);
    uint64_t spent = touch(at, FILE_PAGES, 1, TOUCH_WRITE);
    unmap(at, FILE_PAGES * PAGE);
    call(NR_close, fd, 0, 0, 0, 0);
    return each(spent, FILE_PAGES);
}

/* Pages that a child has, too, and sleeps on. */
static uint64_t fault_copy(uint32_t arg)
{
    (void)arg;
    volatile char *at = map_memory(PAGES * PAGE);
    touch(at, PAGES, 1, TOUCH_WRITE);
    int32_t pid = sleeper();
    settle();
    uint64_t spent = touch(at, PAGES, 1, TOUCH_WRITE);
    end_child(pid);
    unmap(at, PAGES * PAGE);
    return each(spent, PAGES);
}

/* Pages that a child had. */
static uint64_t fault_last_owner(uint32_t arg)
{
    (void)arg;
    volatile char *at = map_memory(PAGES * PAGE);
    touch(at, PAGES, 1, TOUCH_WRITE);
    op_fork();
    uint64_t spent = touch(at, PAGES, 1, TOUCH_WRITE);
    unmap(at, PAGES * PAGE);
    return each(spent, PAGES);
}

void measure_memory(void)
{
    measure_by("fault_zero", fault_memory, TOUCH_WRITE);
    measure_by("fault_read", fault_memory, TOUCH_READ);
    file = (uint32_t)call(NR_openat, AT_CWD, (uint32_t)FILE_PATH, 0, 0, 0);
    check((int32_t)file >= 0, "open " FILE_PATH);
    measure_by("fault_file_read", fault_file_read, 1);
    measure_by("fault_file_sparse", fault_file_read, 16);
    measure_by("fault_file_write", fault_file_write, 1);
    call(NR_close, file, 0, 0, 0, 0);
    measure_by("fault_file_shared", fault_file_shared, 0);
    measure_by("fault_copy", fault_copy, 0);
    measure_by("fault_last_owner", fault_last_owner, 0);
    measure("map_unmap", op_map, 1000);
    measure("map_touch_unmap", op_map_touch, 1000);
    measure("map_unmap_1m", op_map_large, 1000);
    measure_by("unmap_page", unmap_pages, 0);
    measure_by("fault_shared", fault_shared, 0);
    measure_by("dont_need", dont_need, 0);
    char *room = map_memory(4 * MIB);
    touched = room;
    touch(touched, MIB / PAGE, 1, TOUCH_WRITE);
    unmap(room + MIB, 3 * MIB);
    measure("move_1m", op_move, 100);
    unmap(touched, MIB);
    touched = map_memory(33 * PAGE);
    touch(touched, 33, 1, TOUCH_WRITE);
    measure("protect_middle", op_protect, 1000);
    unmap(touched, 33 * PAGE);
    measure_by("break_touch", break_touch, 256);
}
