/* SPDX-License-Identifier: MIT
 *
 * mmap2, munmap, mprotect, brk: contents, protection, what splits and merges in /proc/self/maps,
 * and arguments that make no sense.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

static void test_zeroes(void)
{
    char *p = pages_map(64, RW);

    for (size_t i = 0; i < 64 * PAGE; i += 97)
        CHECK_EQ(p[i], 0);
    for (size_t i = 0; i < 64; i++)
        p[i * PAGE + i] = (char)(i + 1);
    for (size_t i = 0; i < 64; i++)
        CHECK_EQ(p[i * PAGE + i], (char)(i + 1));
    CHECK_EQ(munmap(p, 64 * PAGE), 0);
    CHECK(!readable(p));
}

/* Reading untouched memory takes no frames but those of page tables. */
static void test_zero_page(void)
{
    long before = tap_frames();
    char *p = pages_map(512, RW);
    int sum = 0;

    for (size_t i = 0; i < 512; i++)
        sum += p[i * PAGE];
    CHECK_EQ(sum, 0);
    long after = tap_frames();
    CHECK(before < 0 || after - before < 16);
}

static void test_unmap_middle(void)
{
    char *p = pages_map(10, RW);

    memset(p, 'a', 10 * PAGE);
    CHECK_EQ(segments_count(p, 10), 1);
    CHECK_EQ(munmap(p + 4 * PAGE, 2 * PAGE), 0);
    CHECK_EQ(segments_count(p, 10), 2);
    CHECK(p[0] == 'a' && p[4 * PAGE - 1] == 'a' && p[6 * PAGE] == 'a');
    CHECK(!readable(p + 4 * PAGE));
    CHECK(!readable(p + 6 * PAGE - 1));
    CHECK_EQ(munmap(p, 10 * PAGE), 0);
    CHECK_EQ(segments_count(p, 10), 0);
}

static void test_unmap_ends(void)
{
    char *p = pages_map(6, RW);

    memset(p, 'b', 6 * PAGE);
    CHECK_EQ(munmap(p, PAGE), 0);
    CHECK_EQ(munmap(p + 5 * PAGE, 1), 0);
    CHECK(!readable(p) && !readable(p + 5 * PAGE));
    CHECK(p[PAGE] == 'b' && p[5 * PAGE - 1] == 'b');
    CHECK_EQ(munmap(p, 6 * PAGE), 0);
    CHECK_EQ(munmap(p, 6 * PAGE), 0);
}

static void test_protect(void)
{
    char *p = pages_map(3, RW);

    memset(p, 'c', 3 * PAGE);
    CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 3), 3);
    CHECK(writable(p) && !writable(p + PAGE) && writable(p + 2 * PAGE));
    CHECK(readable(p + PAGE) && p[PAGE] == 'c');
    CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
    CHECK(!readable(p + PAGE) && !writable(p + PAGE));
    CHECK_EQ(mprotect(p + PAGE, PAGE, RW), 0);
    CHECK_EQ(segments_count(p, 3), 1);
    CHECK(p[PAGE] == 'c' && p[2 * PAGE - 1] == 'c');
    p[PAGE] = 'd';
    CHECK_EQ(p[PAGE], 'd');
}

/* Over the borders of several segments at once, with a hole it must notice. */
static void test_protect_many(void)
{
    char *p = pages_map(8, RW);

    memset(p, 'e', 8 * PAGE);
    for (size_t i = 0; i < 8; i += 2)
        CHECK_EQ(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 8), 8);
    CHECK_EQ(mprotect(p, 8 * PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 8), 1);
    CHECK_EQ(mprotect(p, 8 * PAGE, RW), 0);
    p[3 * PAGE] = p[4 * PAGE] = 'f';
    CHECK_EQ(munmap(p + 5 * PAGE, PAGE), 0);
    CHECK_EQ(sys_raw(SYS_mprotect, p, 8 * PAGE, PROT_READ), -ENOMEM);
    CHECK(p[0] == 'e' && p[3 * PAGE] == 'f' && p[7 * PAGE] == 'e');
}

static void test_fixed(void)
{
    char *p = pages_map(4, RW);

    memset(p, 'g', 4 * PAGE);
    CHECK(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
    CHECK(p[0] == 'g' && p[PAGE] == 0 && p[2 * PAGE] == 'g');
    CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
    CHECK(mmap(p + 2 * PAGE, PAGE, RW, ANONYMOUS, -1, 0) == p + 2 * PAGE);
    CHECK(mmap(p, PAGE, RW, ANONYMOUS, -1, 0) != p);
    CHECK_EQ(p[0], 'g');
}

static void test_arguments(void)
{
    char *p = pages_map(4, RW);
    int fd = open("/bin/sh", O_RDONLY);

    CHECK_EQ(sys_raw(SYS_mmap2, 0, 0, RW, ANONYMOUS, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, p + 1, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_PRIVATE, 99, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, 0xffffffff, RW, ANONYMOUS, -1, 0), -ENOMEM);
    CHECK(sys_raw(SYS_mmap2, p + 1, PAGE, RW, ANONYMOUS, -1, 0) % (long)PAGE == 0);
    CHECK(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) % (long)PAGE == 0);
    CHECK_EQ(sys_raw(SYS_munmap, p + 1, PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_munmap, p, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_munmap, p, 0xffffffff), -EINVAL);
    CHECK_EQ(sys_raw(SYS_munmap, 0xfffff000, 0x2000), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mprotect, p + 1, PAGE, RW), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mprotect, p, 0, RW), 0);
    CHECK(sys_raw(SYS_mprotect, p, 0xffffffff, RW) < 0);
    CHECK(writable(p) && writable(p + 3 * PAGE));
}

static void test_kernel_addresses(void)
{
    static const uintptr_t addresses[] = {0x50000000, 0x80000000, 0xc0000000, 0xffff0000,
                                          0xfffff000};

    if (!tap_on_quire())
        tap_skip("addresses are Quire's");
    for (size_t i = 0; i < TAP_COUNT(addresses); i++) {
        uintptr_t a = addresses[i];
        long error = sys_raw(SYS_mmap2, a, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(error == -ENOMEM || error == -EINVAL);
        CHECK_EQ(sys_raw(SYS_munmap, a, PAGE), -EINVAL);
        error = sys_raw(SYS_mprotect, a, PAGE, RW);
        CHECK(error == -ENOMEM || error == -EINVAL);
        CHECK(sys_raw(SYS_mmap2, a, PAGE, RW, ANONYMOUS, -1, 0) != (long)a);
    }
    CHECK(sys_raw(SYS_mmap2, 0, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) < 0);
    CHECK(sys_raw(SYS_mmap2, 0x3ffff000, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) < 0);
}

static void test_file(void)
{
    size_t len;
    char *whole = file_read_all("/bin/sh", &len);
    int fd = open("/bin/sh", O_RDONLY);
    size_t pages = (len + PAGE - 1) / PAGE;
    char *p = mmap(0, pages * PAGE, RW, MAP_PRIVATE, fd, 0);

    CHECK(whole && p != MAP_FAILED);
    close(fd);
    CHECK(memcmp(p, whole, len) == 0);
    for (size_t i = len; i < pages * PAGE; i++)
        CHECK_EQ(p[i], 0);
    memset(p, 'z', pages * PAGE);
    char *again = file_read_all("/bin/sh", NULL);
    CHECK(again && memcmp(again, whole, len) == 0);
    CHECK(p[0] == 'z' && p[len - 1] == 'z');
}

static void test_file_offset(void)
{
    size_t len;
    char *whole = file_read_all("/bin/sh", &len);
    int fd = open("/bin/sh", O_RDONLY);
    char *p = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);

    CHECK(whole && len > 3 * PAGE && p != MAP_FAILED);
    CHECK(memcmp(p, whole + 2 * PAGE, PAGE) == 0);
    CHECK(!writable(p));
    CHECK_EQ(mprotect(p, PAGE, RW), 0);
    p[0] = 'y';
    CHECK(p[0] == 'y' && memcmp(p + 1, whole + 2 * PAGE + 1, PAGE - 1) == 0);
}

static int read_body(void *arg)
{
    return *(volatile char *)arg & 0;
}

static void test_file_beyond_end(void)
{
    int fd = open("/etc/motd", O_RDONLY);
    char *p = mmap(0, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

    if (!tap_on_quire())
        tap_skip("the emulator turns SIGBUS into something else");
    CHECK(p != MAP_FAILED && readable(p));
    CHECK(tap_killed_by(tap_child(read_body, p + PAGE), SIGBUS));
    CHECK(tap_killed_by(tap_child(read_body, p + 2 * PAGE), SIGBUS));
}

static void test_brk(void)
{
    uintptr_t start = (uintptr_t)sys_raw(SYS_brk, 0);
    uintptr_t base = (start + PAGE - 1) & ~(PAGE - 1);

    CHECK_EQ(sys_raw(SYS_brk, base + 4 * PAGE), base + 4 * PAGE);
    char *p = (char *)base;
    for (size_t i = 0; i < 4 * PAGE; i++)
        CHECK_EQ(p[i], 0);
    memset(p, 'h', 4 * PAGE);
    CHECK_EQ(sys_raw(SYS_brk, base + PAGE), base + PAGE);
    CHECK(!readable(p + PAGE));
    CHECK_EQ(sys_raw(SYS_brk, base + 2 * PAGE), base + 2 * PAGE);
    CHECK(p[0] == 'h' && p[PAGE] == 0);
    CHECK_EQ(sys_raw(SYS_brk, 0x1000), base + 2 * PAGE);
    CHECK_EQ(sys_raw(SYS_brk, 0xfffff000), base + 2 * PAGE);
    CHECK_EQ(sys_raw(SYS_brk, base + 2 * PAGE + 5), base + 2 * PAGE + 5);
    CHECK_EQ(sys_raw(SYS_brk, start), start);
}

static int unmap_all_body(void *arg)
{
    (void)arg;
    sys_raw(SYS_munmap, 0x1000, 0x3ffff000);
    return 0;
}

static void test_unmap_everything(void)
{
    if (!tap_on_quire())
        tap_skip("would unmap the emulator");
    CHECK(tap_killed_by(tap_child(unmap_all_body, NULL), SIGSEGV));
}

static void test_many_segments(void)
{
    char *p = pages_map(200, RW);

    for (size_t i = 0; i < 200; i += 2)
        CHECK_EQ(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(segments_count(p, 200), 200);
    for (size_t i = 1; i < 200; i += 2)
        p[i * PAGE] = (char)i;
    for (size_t i = 0; i < 200; i += 2)
        CHECK_EQ(munmap(p + i * PAGE, PAGE), 0);
    CHECK_EQ(segments_count(p, 200), 100);
    for (size_t i = 1; i < 200; i += 2)
        CHECK_EQ(p[i * PAGE], (char)i);
    CHECK_EQ(munmap(p, 200 * PAGE), 0);
}

/* Writes, takes the permission away, and writes again with nothing in between that could make the
 * TLB forget: arg names the protection. */
static int write_after_protect(void *arg)
{
    volatile char *p = pages_map(2, RW);

    p[0] = p[PAGE] = 1;
    CHECK_EQ(mprotect((void *)p, 2 * PAGE, *(int *)arg), 0);
    p[PAGE] = 2;
    return 0;
}

static void test_protection_is_immediate(void)
{
    int prots[] = {PROT_READ, PROT_READ | PROT_EXEC, PROT_NONE};

    for (size_t i = 0; i < TAP_COUNT(prots); i++)
        CHECK(tap_killed_by(tap_child(write_after_protect, &prots[i]), SIGSEGV));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"protection is taken away at once", test_protection_is_immediate},
        {"anonymous memory is zero", test_zeroes},
        {"reading maps the zero page", test_zero_page},
        {"munmap of the middle", test_unmap_middle},
        {"munmap of the ends", test_unmap_ends},
        {"mprotect splits and merges", test_protect},
        {"mprotect over several segments", test_protect_many},
        {"MAP_FIXED and hints", test_fixed},
        {"arguments that make no sense", test_arguments},
        {"kernel addresses", test_kernel_addresses},
        {"a private file mapping", test_file},
        {"a file mapping with an offset", test_file_offset},
        {"a file mapping beyond the end", test_file_beyond_end},
        {"brk", test_brk},
        {"munmap of everything", test_unmap_everything},
        {"many segments", test_many_segments},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
