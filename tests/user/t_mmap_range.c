/* SPDX-License-Identifier: MIT
 *
 * Calls about ranges of mapped memory: mremap, madvise, msync, mincore, the mlock family; what a
 * program sees of them and each error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
#define BEYOND 0xffff0000u

/* Room with nothing in it. */
static char *room(size_t pages)
{
    char *p = pages_map(pages, PROT_NONE);

    CHECK_EQ(munmap(p, pages * PAGE), 0);
    return p;
}

static char *map_fixed(char *p, size_t pages, int flags)
{
    CHECK(mmap(p, pages * PAGE, RW, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
    return p;
}

static void fill(char *p, size_t pages, char first)
{
    for (size_t i = 0; i < pages; i++)
        p[i * PAGE] = p[i * PAGE + PAGE - 1] = (char)(first + (char)i);
}

static void check_filled(const char *p, size_t pages, char first)
{
    for (size_t i = 0; i < pages; i++) {
        CHECK_EQ(p[i * PAGE], (char)(first + (char)i));
        CHECK_EQ(p[i * PAGE + PAGE - 1], (char)(first + (char)i));
    }
}

static void test_grow_in_place(void)
{
    char *p = map_fixed(room(64), 4, MAP_PRIVATE);

    fill(p, 4, 'a');
    CHECK(mremap(p, 4 * PAGE, 10 * PAGE, 0) == p);
    check_filled(p, 4, 'a');
    CHECK(p[9 * PAGE] == 0);
    p[9 * PAGE] = 1;
    CHECK_EQ(segments_count(p, 10), 1);
    CHECK(mremap(p, 10 * PAGE, 2 * PAGE, 0) == p);
    check_filled(p, 2, 'a');
    CHECK(!readable(p + 2 * PAGE));
    CHECK(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p);
    CHECK(p[2 * PAGE] == 0); /* what was cut off is gone */
}

static void test_move(void)
{
    char *p = map_fixed(room(64), 40, MAP_PRIVATE), *q;

    fill(p, 20, 'm');
    map_fixed(p + 40 * PAGE, 1, MAP_PRIVATE)[0] = 'n';
    CHECK(mprotect(p + 40 * PAGE, PAGE, PROT_READ) == 0);
    CHECK_EQ(sys_raw(SYS_mremap, p, 40 * PAGE, 50 * PAGE, 0), -ENOMEM);
    q = mremap(p, 40 * PAGE, 50 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    check_filled(q, 20, 'm');
    CHECK(q[30 * PAGE] == 0 && q[49 * PAGE] == 0);
    CHECK(!readable(p) && !readable(p + 39 * PAGE) && p[40 * PAGE] == 'n');
    CHECK_EQ(segments_count(q, 50), 1);
}

/* From the middle: what is left on both sides stays, the target's old mapping goes. */
static void test_move_fixed(void)
{
    char *p = map_fixed(room(64), 9, MAP_PRIVATE), *q = map_fixed(room(64), 5, MAP_PRIVATE);

    fill(p, 9, 'f');
    fill(q, 5, '0');
    CHECK(mremap(p + 3 * PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE) ==
          q + PAGE);
    check_filled(p, 3, 'f');
    check_filled(p + 6 * PAGE, 3, 'l');
    CHECK(!readable(p + 3 * PAGE) && !readable(p + 5 * PAGE));
    check_filled(q + PAGE, 3, 'i');
    CHECK(q[0] == '0' && q[4 * PAGE] == '4');
    CHECK_EQ(segments_count(q, 5), 1);
    /* Shorter on its way. */
    CHECK(mremap(q, 5 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 20 * PAGE) ==
          p + 20 * PAGE);
    CHECK(p[20 * PAGE] == '0' && p[21 * PAGE] == 'i');
    CHECK(!readable(q) && !readable(q + 4 * PAGE) && !readable(p + 22 * PAGE));
}

/* Pages that a child has, too, at their own address. */
static int moved_by_child(void *arg)
{
    char *p = arg, *q;

    q = mremap(p, 20 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 32 * PAGE);
    CHECK(q == p + 32 * PAGE);
    check_filled(q, 20, 's');
    fill(q, 20, 'c');
    check_filled(q, 20, 'c');
    return 0;
}

static void test_move_after_fork(void)
{
    char *p = map_fixed(room(64), 20, MAP_PRIVATE);

    fill(p, 20, 's');
    CHECK(tap_exited_with(tap_child(moved_by_child, p), 0));
    check_filled(p, 20, 's');
    CHECK(!readable(p + 32 * PAGE));
    CHECK(moved_by_child(p) == 0);
}

/* Far enough for other nodes of the page table, of pages that were never written, too. */
static void test_move_large(void)
{
    const size_t pages = 1500;
    char *p = pages_map(pages, RW), *q;

    for (size_t i = 0; i < pages; i += 3)
        p[i * PAGE] = (char)(i + 1);
    CHECK_EQ(p[PAGE], 0);
    q = mremap(p, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        CHECK_EQ(q[i * PAGE], i % 3 ? 0 : (char)(i + 1));
    CHECK_EQ(munmap(q, 2 * pages * PAGE), 0);
}

static void test_dontunmap(void)
{
    char *p = map_fixed(room(64), 4, MAP_PRIVATE), *q;

    fill(p, 4, 'd');
    q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    CHECK(q != MAP_FAILED && q != p);
    check_filled(q, 4, 'd');
    CHECK(p[0] == 0 && p[3 * PAGE] == 0 && writable(p));
}

static int write_z(void *arg)
{
    *(char *)arg = 'z';
    return 0;
}

/* The object is the same at the new place; an old length of 0 makes a second mapping of it. */
static void test_shared(void)
{
    char *p = pages_map_flags(4, RW, SHARED), *q, *second;

    fill(p, 4, 'q');
    q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room(16));
    CHECK(q != MAP_FAILED);
    check_filled(q, 4, 'q');
    CHECK(tap_exited_with(tap_child(write_z, q + PAGE), 0) && q[PAGE] == 'z');
    second = mremap(q + PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(second != MAP_FAILED && second[0] == 'z' && second[PAGE] == 's');
    second[PAGE] = 'S';
    CHECK(q[2 * PAGE] == 'S');
    CHECK_EQ(sys_raw(SYS_mremap, pages_map(1, RW), 0, PAGE, MREMAP_MAYMOVE), -EINVAL);
}

static void test_mremap_errors(void)
{
    char *p = map_fixed(room(64), 8, MAP_PRIVATE);
    const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, MREMAP_FIXED, p + 8 * PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, MREMAP_DONTUNMAP), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p + 1, PAGE, PAGE, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, 0, MREMAP_MAYMOVE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p + 8 * PAGE, PAGE, PAGE, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mremap, BEYOND, PAGE, PAGE, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mremap, p, 9 * PAGE, 10 * PAGE, MREMAP_MAYMOVE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, fixed, p + 1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, 2 * PAGE, 2 * PAGE, fixed, p + PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, fixed, BEYOND), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, 2 * PAGE, 0), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_mremap, p + 4 * PAGE, 0u - 3 * PAGE, PAGE, fixed, p + 20 * PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mremap, p, PAGE, PAGE, 0), (long)p);
    CHECK_EQ(mprotect(p + 4 * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(sys_raw(SYS_mremap, p, 5 * PAGE, 5 * PAGE, fixed, p + 20 * PAGE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mremap, p, 5 * PAGE, 4 * PAGE, 0), (long)p);
}

static void test_dontneed(void)
{
    char *p = pages_map(8, RW), *s = pages_map_flags(2, RW, SHARED), *f;
    int fd = open("/bin/sh", O_RDONLY);
    char *whole = file_read_all("/bin/sh", NULL);

    fill(p, 8, 'n');
    fill(s, 2, 'n');
    f = mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0);
    f[0] = 'X';
    CHECK_EQ(madvise(p + 2 * PAGE, 3 * PAGE, MADV_DONTNEED), 0);
    check_filled(p, 2, 'n');
    CHECK(p[2 * PAGE] == 0 && p[4 * PAGE + PAGE - 1] == 0 && p[5 * PAGE] == 's');
    p[2 * PAGE] = 1;
    CHECK_EQ(segments_count(p, 8), 1);
    CHECK_EQ(madvise(s, 2 * PAGE, MADV_DONTNEED), 0);
    check_filled(s, 2, 'n'); /* the object has it */
    CHECK_EQ(madvise(f, PAGE, MADV_DONTNEED), 0);
    CHECK(f[0] == whole[0]);
    CHECK_EQ(madvise(p, 8 * PAGE, MADV_FREE), 0);
    CHECK(p[0] == 0 || p[0] == 'n');
    CHECK_EQ(sys_raw(SYS_madvise, s, PAGE, MADV_FREE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_madvise, f, PAGE, MADV_FREE), -EINVAL);
}

/* A child's pages do not change because its parent has no need of them. */
static void test_dontneed_after_fork(void)
{
    char *p = pages_map(4, RW), *go = pages_map_flags(1, RW, SHARED);
    int status;
    pid_t pid;

    fill(p, 4, 'k');
    pid = fork();
    if (pid == 0) {
        while (!*(volatile char *)go)
            tap_pause_ms(1);
        check_filled(p, 4, 'k');
        _exit(0);
    }
    CHECK_EQ(madvise(p, 4 * PAGE, MADV_DONTNEED), 0);
    CHECK(p[0] == 0 && p[3 * PAGE] == 0);
    *go = 1;
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
}

static int fork_sees(void *arg)
{
    char *p = arg;

    CHECK(p[0] == 'o' && p[PAGE] == 0 && !readable(p + 2 * PAGE) && p[3 * PAGE] == 'r');
    CHECK_EQ(segments_count(p, 4), 3);
    p[PAGE] = 1;
    return 0;
}

static int fork_sees_all(void *arg)
{
    check_filled(arg, 4, 'o');
    return 0;
}

static void test_fork_advice(void)
{
    char *p = pages_map(4, RW);

    fill(p, 4, 'o');
    CHECK_EQ(madvise(p + PAGE, PAGE, MADV_WIPEONFORK), 0);
    CHECK_EQ(madvise(p + 2 * PAGE, PAGE, MADV_DONTFORK), 0);
    CHECK_EQ(segments_count(p, 4), 4);
    CHECK(tap_exited_with(tap_child(fork_sees, p), 0));
    check_filled(p, 4, 'o');
    CHECK_EQ(madvise(p, 4 * PAGE, MADV_KEEPONFORK), 0);
    CHECK_EQ(madvise(p, 4 * PAGE, MADV_DOFORK), 0);
    CHECK_EQ(segments_count(p, 4), 1);
    CHECK(tap_exited_with(tap_child(fork_sees_all, p), 0));
    CHECK_EQ(sys_raw(SYS_madvise, pages_map_flags(1, RW, SHARED), PAGE, MADV_WIPEONFORK), -EINVAL);
}

static void test_populate(void)
{
    char *p = pages_map(8, RW), *r = pages_map(2, PROT_READ);
    unsigned char vec[8];

    CHECK_EQ(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE), 0);
    CHECK_EQ(madvise(p + 4 * PAGE, 2 * PAGE, MADV_POPULATE_READ), 0);
    CHECK_EQ(mincore(p, 8 * PAGE, vec), 0);
    CHECK(vec[0] == 1 && vec[3] == 1 && vec[4] == 1 && vec[5] == 1 && vec[6] == 0);
    CHECK_EQ(sys_raw(SYS_madvise, r, PAGE, MADV_POPULATE_WRITE), -EINVAL);
    CHECK_EQ(madvise(r, PAGE, MADV_POPULATE_READ), 0);
    CHECK_EQ(munmap(p + PAGE, PAGE), 0);
    CHECK_EQ(sys_raw(SYS_madvise, p, 3 * PAGE, MADV_POPULATE_WRITE), -ENOMEM);
}

static void test_madvise_errors(void)
{
    static const uint8_t hints[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED};
    char *p = map_fixed(room(64), 8, MAP_PRIVATE);

    for (size_t i = 0; i < sizeof(hints); i++) {
        CHECK_EQ(madvise(p, 8 * PAGE, hints[i]), 0);
        CHECK_EQ(sys_raw(SYS_madvise, p, 9 * PAGE, hints[i]), -ENOMEM);
    }
    fill(p, 8, 'e');
    CHECK_EQ(sys_raw(SYS_madvise, p + 1, PAGE, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(sys_raw(SYS_madvise, p, PAGE, 77), -EINVAL);
    CHECK_EQ(sys_raw(SYS_madvise, p, 0xfffffff0, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(sys_raw(SYS_madvise, p, 0, MADV_DONTNEED), 0);
    CHECK_EQ(sys_raw(SYS_madvise, p + 20 * PAGE, PAGE, MADV_DONTNEED), -ENOMEM);
    CHECK_EQ(munmap(p + 3 * PAGE, PAGE), 0);
    CHECK_EQ(sys_raw(SYS_madvise, p, 8 * PAGE, MADV_DONTNEED), -ENOMEM);
    CHECK(p[2 * PAGE] == 0 && p[7 * PAGE] == 0); /* done all the same */
    p[0] = 'w';
    CHECK_EQ(mlock(p, PAGE), 0);
    CHECK_EQ(sys_raw(SYS_madvise, p, PAGE, MADV_DONTNEED), -EINVAL);
    CHECK(p[0] == 'w' && munlock(p, PAGE) == 0 && madvise(p, PAGE, MADV_DONTNEED) == 0);
    CHECK_EQ(p[0], 0);
}

static void test_msync(void)
{
    char *p = map_fixed(room(64), 4, MAP_SHARED);

    fill(p, 4, 'y');
    CHECK_EQ(msync(p, 4 * PAGE, MS_SYNC), 0);
    CHECK_EQ(msync(p, 4 * PAGE, MS_ASYNC), 0);
    CHECK_EQ(msync(p, 4 * PAGE, MS_SYNC | MS_INVALIDATE), 0);
    CHECK_EQ(msync(p, 4 * PAGE - 5, 0), 0);
    check_filled(p, 4, 'y');
    CHECK_EQ(sys_raw(SYS_msync, p, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
    CHECK_EQ(sys_raw(SYS_msync, p, PAGE, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_msync, p + 1, PAGE, MS_SYNC), -EINVAL);
    CHECK_EQ(sys_raw(SYS_msync, p, 5 * PAGE, MS_SYNC), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_msync, p + 5 * PAGE, PAGE, MS_ASYNC), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_msync, p, 0, MS_SYNC), 0);
    CHECK_EQ(mlock(p, PAGE), 0);
    CHECK_EQ(sys_raw(SYS_msync, p, PAGE, MS_INVALIDATE), -EBUSY);
    CHECK_EQ(msync(p, PAGE, MS_SYNC), 0);
}

static void test_mincore(void)
{
    char *p = map_fixed(room(64), 6, MAP_PRIVATE), *s = map_fixed(p + 6 * PAGE, 2, MAP_SHARED);
    unsigned char vec[8];

    p[0] = p[4 * PAGE] = s[PAGE] = 1;
    CHECK_EQ(mincore(p, 8 * PAGE, vec), 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(vec[i] & 1, i == 0 || i == 4 || i == 7);
    CHECK_EQ(madvise(s, 2 * PAGE, MADV_DONTNEED), 0);
    CHECK(mincore(s, 2 * PAGE, vec) == 0 && (vec[1] & 1)); /* in the object */
    CHECK_EQ(sys_raw(SYS_mincore, p + 1, PAGE, vec), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mincore, p, 9 * PAGE, vec), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_mincore, BEYOND, PAGE, vec), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_mincore, p, PAGE, BEYOND), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mincore, p, PAGE, p + 20 * PAGE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_mincore, p, 0, vec), 0);
}

static int not_wired(void *arg)
{
    return madvise(arg, PAGE, MADV_DONTNEED); /* a lock is not inherited */
}

static void test_mlock(void)
{
    char *p = map_fixed(room(64), 8, MAP_PRIVATE);
    unsigned char vec[8];

    CHECK_EQ(mlock(p + PAGE + 5, PAGE), 0); /* touches two pages */
    CHECK_EQ(mincore(p, 8 * PAGE, vec), 0);
    CHECK(vec[0] == 0 && vec[1] == 1 && vec[2] == 1 && vec[3] == 0);
    CHECK_EQ(segments_count(p, 8), 3);
    CHECK(tap_exited_with(tap_child(not_wired, p + PAGE), 0));
    CHECK_EQ(sys_raw(SYS_mlock2, p + 4 * PAGE, PAGE, 1), 0);
    CHECK(mincore(p, 8 * PAGE, vec) == 0 && vec[4] == 0);
    CHECK_EQ(munlock(p, 8 * PAGE), 0);
    CHECK_EQ(segments_count(p, 8), 1);
    CHECK_EQ(sys_raw(SYS_mlock2, p, PAGE, 2), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mlock, p, 9 * PAGE), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_munlock, p + 8 * PAGE, PAGE), -ENOMEM);
    CHECK_EQ(sys_raw(SYS_mlock, BEYOND, 0x20000), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mlock, p, 0), 0);
    CHECK_EQ(mprotect(p + 7 * PAGE, PAGE, PROT_NONE), 0);
    CHECK_EQ(sys_raw(SYS_mlock, p + 7 * PAGE, PAGE), -ENOMEM);
}

static void test_mlockall(void)
{
    char *p = pages_map(4, RW), *q;
    unsigned char vec[4];

    CHECK_EQ(sys_raw(SYS_mlockall, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mlockall, MCL_ONFAULT), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mlockall, 8), -EINVAL);
    CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    CHECK(mincore(p, 4 * PAGE, vec) == 0 && vec[0] == 1 && vec[3] == 1);
    q = pages_map(4, RW);
    CHECK(mincore(q, 4 * PAGE, vec) == 0 && vec[0] == 1 && vec[3] == 1);
    CHECK_EQ(sys_raw(SYS_madvise, q, PAGE, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(munlockall(), 0);
    CHECK_EQ(madvise(q, 4 * PAGE, MADV_DONTNEED), 0);
    CHECK(mincore(pages_map(4, RW), 4 * PAGE, vec) == 0 && vec[0] == 0);
    q = pages_map_flags(2, RW, ANONYMOUS | MAP_LOCKED);
    CHECK(mincore(q, 2 * PAGE, vec) == 0 && vec[1] == 1);
    CHECK_EQ(sys_raw(SYS_madvise, q, PAGE, MADV_DONTNEED), -EINVAL);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"mremap grows and shrinks in place", test_grow_in_place},
        {"mremap moves", test_move},
        {"mremap to a place, from the middle", test_move_fixed},
        {"mremap of pages that a child has", test_move_after_fork},
        {"mremap of many pages", test_move_large},
        {"MREMAP_DONTUNMAP", test_dontunmap},
        {"mremap of shared memory", test_shared},
        {"errors of mremap", test_mremap_errors},
        {"madvise DONTNEED and FREE", test_dontneed},
        {"what a child has stays", test_dontneed_after_fork},
        {"DONTFORK and WIPEONFORK", test_fork_advice},
        {"POPULATE_READ and POPULATE_WRITE", test_populate},
        {"errors of madvise", test_madvise_errors},
        {"msync", test_msync},
        {"mincore", test_mincore},
        {"mlock and munlock", test_mlock},
        {"mlockall and MAP_LOCKED", test_mlockall},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
