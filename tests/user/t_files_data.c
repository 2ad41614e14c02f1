/* SPDX-License-Identifier: MIT
 *
 * Contents of files: reading and writing at all sorts of places, holes, cutting, fallocate, files
 * without names, O_APPEND, vectors, sendfile, memfd_create; mappings that see the same bytes; and a
 * file system that is full.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "files.h"

#define PAGE 4096u

static uint8_t buf[4 * PAGE], other[4 * PAGE];

static void fill(uint8_t *to, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(seed + i * 7 + (i >> 8) * 13);
}

static long pread_at(long fd, void *to, uint32_t n, uint64_t pos)
{
    return sys_raw(SYS_pread64, fd, to, n, 0, (uint32_t)pos, (uint32_t)(pos >> 32));
}

static long pwrite_at(long fd, const void *from, uint32_t n, uint64_t pos)
{
    return sys_raw(SYS_pwrite64, fd, from, n, 0, (uint32_t)pos, (uint32_t)(pos >> 32));
}

static long cut(long fd, uint64_t size)
{
    return sys_raw(SYS_ftruncate64, fd, 0, (uint32_t)size, (uint32_t)(size >> 32));
}

static long allocate(long fd, int mode, uint64_t pos, uint64_t len)
{
    return sys_raw(SYS_fallocate, fd, mode, (uint32_t)pos, (uint32_t)(pos >> 32), (uint32_t)len,
                   (uint32_t)(len >> 32));
}

static long new_file(void)
{
    long fd = files_open("/tmp", O_RDWR | LINUX_O_TMPFILE | LINUX_O_LARGEFILE, 0600);

    CHECK(fd >= 0);
    return fd;
}

static struct files_stat stat_of(long fd)
{
    struct files_stat st;

    CHECK_EQ(sys_raw(SYS_fstat64, fd, &st), 0);
    return st;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    while (n && *p == 0)
        n--, p++;
    return n == 0;
}

static void test_pieces(void)
{
    static const uint32_t sizes[] = {1, 3, 100, 4095, 4096, 4097, 8191, 12288, 16000};
    long fd = new_file();

    for (size_t i = 0; i < TAP_COUNT(sizes); i++) {
        for (uint32_t pos = 0; pos < 9000; pos += 2999) {
            fill(buf, sizes[i], i + pos);
            CHECK_EQ(pwrite_at(fd, buf, sizes[i], pos), sizes[i]);
            CHECK_EQ(pread_at(fd, other, sizes[i], pos), sizes[i]);
            CHECK(memcmp(buf, other, sizes[i]) == 0);
        }
    }
    CHECK_EQ(sys_raw(SYS_write, fd, buf, 0), 0);
    CHECK_EQ(sys_raw(SYS_lseek, fd, 0, SEEK_CUR), 0);
    CHECK_EQ(sys_raw(SYS_pread64, fd, buf, 1, 0, 0, 0x80000000), -EINVAL);
    CHECK_EQ(pread_at(fd, buf, 1, 1u << 30), 0);
}

static void test_holes(void)
{
    const uint64_t far = 5000000000u;
    long fd = new_file();

    CHECK_EQ(pwrite_at(fd, "x", 1, far), 1);
    CHECK_EQ(stat_of(fd).size, far + 1);
    CHECK_EQ(stat_of(fd).blocks, 8);
    memset(buf, 1, sizeof buf);
    CHECK_EQ(pread_at(fd, buf, sizeof buf, 12345), sizeof buf);
    CHECK(all_zero(buf, sizeof buf));
    CHECK_EQ(pread_at(fd, buf, 100, far - 10), 11);
    CHECK(all_zero(buf, 10) && buf[10] == 'x');
    CHECK_EQ(stat_of(fd).blocks, 8); /* reading takes nothing */
    CHECK_EQ(pwrite_at(fd, "x", 1, 0xffffffffull << 12), -EFBIG);
}

static void test_cut(void)
{
    long fd = new_file();

    fill(buf, 3 * PAGE, 1);
    CHECK_EQ(pwrite_at(fd, buf, 3 * PAGE, 0), 3 * PAGE);
    CHECK_EQ(cut(fd, PAGE + 100), 0);
    CHECK_EQ(stat_of(fd).size, PAGE + 100);
    CHECK_EQ(stat_of(fd).blocks, 16);
    CHECK_EQ(cut(fd, 3 * PAGE), 0);
    CHECK_EQ(pread_at(fd, other, 4 * PAGE, 0), 3 * PAGE);
    CHECK(memcmp(buf, other, PAGE + 100) == 0 && all_zero(other + PAGE + 100, 2 * PAGE - 100));
    CHECK_EQ(pwrite_at(fd, "y", 1, 3 * PAGE + 5), 1);
    CHECK_EQ(pread_at(fd, other, 6, 3 * PAGE), 6);
    CHECK(all_zero(other, 5) && other[5] == 'y');
    CHECK_EQ(cut(fd, 0), 0);
    CHECK_EQ(stat_of(fd).blocks, 0);
    CHECK_EQ(sys_raw(SYS_ftruncate64, fd, 0, 0, 0x80000000), -EINVAL);
    CHECK_EQ(cut(files_open("/etc/motd", O_RDONLY, 0), 0), -EINVAL);
    CHECK_EQ(cut(99, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_truncate64, "/tmp", 0, 0, 0), -EISDIR);
    CHECK_EQ(sys_raw(SYS_truncate64, "/dev/null", 0, 0, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_truncate, "/tmp/none", 0), -ENOENT);
}

static void test_allocate(void)
{
    long fd = new_file();

    CHECK_EQ(allocate(fd, 0, 0, 3 * PAGE), 0);
    CHECK_EQ(stat_of(fd).size, 3 * PAGE);
    CHECK_EQ(stat_of(fd).blocks, 24);
    CHECK_EQ(allocate(fd, 1, 0, 5 * PAGE), 0);
    CHECK_EQ(stat_of(fd).size, 3 * PAGE);
    CHECK_EQ(stat_of(fd).blocks, 40);
    CHECK_EQ(cut(fd, 3 * PAGE), 0);
    CHECK_EQ(stat_of(fd).blocks, 24);
    fill(buf, 3 * PAGE, 9);
    CHECK_EQ(pwrite_at(fd, buf, 3 * PAGE, 0), 3 * PAGE);
    CHECK_EQ(allocate(fd, 3, 100, 2 * PAGE), 0);
    memset(buf + 100, 0, 2 * PAGE);
    CHECK_EQ(pread_at(fd, other, 3 * PAGE, 0), 3 * PAGE);
    CHECK(memcmp(buf, other, 3 * PAGE) == 0);
    CHECK_EQ(stat_of(fd).blocks, 16);
    CHECK_EQ(allocate(fd, 3, 10, 20), 0);
    CHECK_EQ(pread_at(fd, other, 40, 0), 40);
    CHECK(all_zero(other + 10, 20) && other[9] == buf[9] && other[30] == buf[30]);
    CHECK_EQ(allocate(fd, 2, 0, 1), -LINUX_EOPNOTSUPP);
    CHECK_EQ(allocate(fd, 0, 0, 0), -EINVAL);
    CHECK_EQ(allocate(fd, 0, 1ull << 63, 1), -EINVAL);
    CHECK_EQ(allocate(fd, 0, 0, 1ull << 50), -EFBIG);
    CHECK_EQ(allocate(fd, 0, 0, 1ull << 40), -ENOSPC);
    CHECK_EQ(allocate(files_open("/etc/motd", O_RDONLY, 0), 0, 0, 1), -EBADF);
}

/* A hole in a file that came with the initrd: nothing of the archive shines through. */
static void test_initrd_file(void)
{
    uint8_t was[200];
    long fd = files_open("/bin/sleep", O_RDWR, 0);

    CHECK(fd >= 0);
    CHECK_EQ(pread_at(fd, was, sizeof was, 0), sizeof was);
    CHECK_EQ(stat_of(fd).blocks, (stat_of(fd).size + 4095) / 4096 * 8);
    int64_t size = stat_of(fd).size;
    CHECK(size > (int64_t)PAGE && size < (int64_t)sizeof buf);
    CHECK_EQ(pread_at(fd, buf, sizeof buf, 0), size);
    CHECK_EQ(allocate(fd, 3, 0, PAGE), 0);
    CHECK_EQ(pread_at(fd, other, PAGE, 0), PAGE);
    CHECK(all_zero(other, PAGE));
    CHECK_EQ(cut(fd, PAGE + 50), 0);
    CHECK_EQ(cut(fd, size), 0);
    CHECK_EQ(pread_at(fd, other, sizeof other, 0), size);
    CHECK(memcmp(other + PAGE, buf + PAGE, 50) == 0);
    CHECK(all_zero(other + PAGE + 50, (size_t)size - PAGE - 50));
    CHECK_EQ(pwrite_at(fd, buf, (uint32_t)size, 0), size); /* as it was */
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    CHECK(tap_exited_with(tap_program((char *[]){"/bin/sleep", "0", NULL}, true), 0));
}

static void test_unlinked(void)
{
    files_begin("unlinked");
    long fd = files_open("f", CREATE, 0600);
    fill(buf, sizeof buf, 3);
    CHECK_EQ(sys_raw(SYS_write, fd, buf, sizeof buf), sizeof buf);
    CHECK_EQ(files_unlink("f"), 0);
    CHECK_EQ(stat_of(fd).nlink, 0);
    CHECK_EQ(pread_at(fd, other, sizeof other, 0), sizeof other);
    CHECK(memcmp(buf, other, sizeof buf) == 0);
    CHECK_EQ(sys_raw(SYS_linkat, fd, "", HERE, "back", 0x1000), -ENOENT);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    fd = files_open(".", O_RDWR | LINUX_O_TMPFILE, 0600);
    CHECK_EQ(sys_raw(SYS_write, fd, "tmp", 3), 3);
    CHECK_EQ(sys_raw(SYS_linkat, fd, "", HERE, "back", 0x1000), 0);
    files_has("back", "tmp");
    CHECK_EQ(files_unlink("back"), 0);
    CHECK_EQ(files_open(".", LINUX_O_TMPFILE, 0600), -EINVAL);
    files_end("unlinked");
}

static void test_append(void)
{
    files_begin("append");
    long a = files_open("f", CREATE | LINUX_O_APPEND, 0600);
    long b = files_open("f", O_RDWR | LINUX_O_APPEND, 0);
    CHECK_EQ(sys_raw(SYS_write, a, "one", 3), 3);
    CHECK_EQ(sys_raw(SYS_write, b, "two", 3), 3);
    CHECK_EQ(sys_raw(SYS_lseek, b, 0, SEEK_CUR), 6);
    CHECK_EQ(sys_raw(SYS_lseek, a, 0, SEEK_SET), 0);
    CHECK_EQ(sys_raw(SYS_write, a, "three", 5), 5);
    files_has("f", "onetwothree");
    CHECK_EQ(sys_raw(SYS_fcntl64, a, 4, 0), 0); /* F_SETFL: no O_APPEND */
    CHECK_EQ(pwrite_at(a, "ONE", 3, 0), 3);
    files_has("f", "ONEtwothree");
    CHECK_EQ(files_unlink("f"), 0);
    files_end("append");
}

static void test_large(void)
{
    files_begin("large");
    long fd = files_open("f", CREATE, 0600); /* without O_LARGEFILE */
    CHECK_EQ(pwrite_at(fd, "xy", 2, 0x7ffffffe), 1);
    CHECK_EQ(pwrite_at(fd, "x", 1, 0x7fffffff), -EFBIG);
    CHECK_EQ(cut(fd, 0x80000000u), -EINVAL);
    long big = files_open("f", O_RDWR | LINUX_O_LARGEFILE, 0);
    CHECK_EQ(cut(big, 0x80000000u), 0);
    CHECK_EQ(files_open("f", O_RDWR, 0), -LINUX_EOVERFLOW);
    CHECK_EQ(sys_raw(SYS_lseek, big, 0, SEEK_END), -LINUX_EOVERFLOW);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("large");
}

static void test_vectors(void)
{
    struct {
        const void *base;
        uint32_t len;
    } v[3] = {{"one", 3}, {"", 0}, {"two", 3}};
    char to[8] = "";
    struct {
        void *base;
        uint32_t len;
    } r[2] = {{to, 2}, {to + 2, 4}};
    long fd = new_file();

    CHECK_EQ(sys_raw(SYS_writev, fd, v, 3), 6);
    CHECK_EQ(sys_raw(SYS_pwritev, fd, v, 1, 1, 0), 3);
    CHECK_EQ(sys_raw(SYS_preadv, fd, r, 2, 0, 0), 6);
    CHECK(memcmp(to, "oonewo", 6) == 0);
    CHECK_EQ(sys_raw(SYS_preadv, fd, r, 2, 0, 0x80000000), -EINVAL);
    CHECK_EQ(sys_raw(SYS_writev, fd, v, 1025), -EINVAL);
}

static void test_sendfile(void)
{
    uint64_t pos = 1;
    long in = new_file(), out = new_file();

    fill(buf, sizeof buf, 5);
    CHECK_EQ(pwrite_at(in, buf, sizeof buf, 0), sizeof buf);
    CHECK_EQ(sys_raw(SYS_sendfile64, out, in, &pos, sizeof buf), sizeof buf - 1);
    CHECK_EQ(pos, sizeof buf);
    CHECK_EQ(pread_at(out, other, sizeof other, 0), sizeof other - 1);
    CHECK(memcmp(other, buf + 1, sizeof buf - 1) == 0);
    CHECK_EQ(sys_raw(SYS_sendfile64, out, in, NULL, 10), 10);
    CHECK_EQ(sys_raw(SYS_lseek, in, 0, SEEK_CUR), 10);
    CHECK_EQ(sys_raw(SYS_sendfile64, out, 99, NULL, 10), -EBADF);
    CHECK_EQ(sys_raw(SYS_sendfile64, out, files_open("/dev/zero", O_RDONLY, 0), NULL, 1), -EINVAL);
}

static void test_memfd(void)
{
    long fd = sys_raw(SYS_memfd_create, "name", 2), plain = sys_raw(SYS_memfd_create, "name", 0);

    CHECK(fd >= 0 && plain >= 0);
    CHECK_EQ(sys_raw(SYS_memfd_create, "name", 0x100), -EINVAL);
    CHECK_EQ(sys_raw(SYS_memfd_create, 16, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_write, fd, "text", 4), 4);
    CHECK_EQ(sys_raw(SYS_fcntl64, plain, 1034, 0), 1); /* F_GET_SEALS: sealed against seals */
    CHECK_EQ(sys_raw(SYS_fcntl64, plain, 1033, 2), -EPERM);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, 1033, 0x40), -EINVAL);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, 1033, 2 | 4), 0);
    CHECK_EQ(cut(fd, 1), -EPERM);
    CHECK_EQ(cut(fd, 9), -EPERM);
    CHECK_EQ(pwrite_at(fd, "longer", 6, 0), -EPERM);
    CHECK_EQ(pwrite_at(fd, "TEXT", 4, 0), 4);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, 1033, 8 | 1), 0);
    CHECK_EQ(pwrite_at(fd, "text", 4, 0), -EPERM);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, 1033, 0), -EPERM);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, 1034, 0), 15);
}

/* A private mapping that was not written to sees what write() does. */
static void test_mapping(void)
{
    long fd = new_file();
    uint8_t *map;

    fill(buf, sizeof buf, 7);
    CHECK_EQ(pwrite_at(fd, buf, sizeof buf, 0), sizeof buf);
    CHECK_EQ(cut(fd, 8 * PAGE), 0);
    map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)fd, 0);
    CHECK(map != MAP_FAILED);
    CHECK(memcmp(map, buf, sizeof buf) == 0 && all_zero(map + 4 * PAGE, 4 * PAGE));
    CHECK_EQ(pwrite_at(fd, "new", 3, 5), 3);
    CHECK(memcmp(map + 5, "new", 3) == 0);
    CHECK_EQ(pwrite_at(fd, "hole", 4, 5 * PAGE), 4);
    CHECK(memcmp(map + 5 * PAGE, "hole", 4) == 0);
    map[5] = 'N';
    CHECK_EQ(pread_at(fd, other, 3, 5), 3);
    CHECK(memcmp(other, "new", 3) == 0);
    /* into itself: the buffer is the same page of the file, and of one that is not there yet */
    CHECK_EQ(munmap(map, 8 * PAGE), 0);
    map = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, (int)fd, 0);
    CHECK(map != MAP_FAILED);
    CHECK_EQ(pwrite_at(fd, map + PAGE, 2 * PAGE, PAGE), 2 * PAGE);
    CHECK_EQ(pwrite_at(fd, map + 6 * PAGE, PAGE, 6 * PAGE), PAGE);
    CHECK_EQ(pread_at(fd, other, 3 * PAGE, PAGE), 3 * PAGE);
    CHECK(memcmp(other, buf + PAGE, 3 * PAGE) == 0);
}

/* Addresses that are wrong: what could be done counts, the rest is EFAULT. */
static void test_bad_buffers(void)
{
    uint8_t *page =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long fd = new_file();

    CHECK(page != MAP_FAILED && munmap(page + PAGE, PAGE) == 0);
    memset(page, 'p', PAGE);
    CHECK_EQ(pwrite_at(fd, page + PAGE - 10, 20, 0), 10);
    CHECK_EQ(pwrite_at(fd, page + PAGE, 20, 0), -EFAULT);
    CHECK_EQ(pwrite_at(fd, (void *)0xc0000000, 20, 0), -EFAULT);
    CHECK_EQ(cut(fd, 3 * PAGE), 0);
    CHECK_EQ(pread_at(fd, page + PAGE - 10, 20, 0), 10);
    CHECK_EQ(pread_at(fd, page + PAGE - 10, 20, PAGE + 7), 10);
    CHECK_EQ(pread_at(fd, page + PAGE, 20, 0), -EFAULT);
    CHECK_EQ(pread_at(fd, (void *)0xc0000000, 20, 0), -EFAULT);
}

/* Fills a file of its own until there is no space. */
static int fill_up(void *arg)
{
    static uint8_t block[16 * PAGE];
    char name[16];
    long fd, n;

    sprintf(name, "f%d", (int)(intptr_t)arg);
    fd = files_open(name, CREATE | LINUX_O_LARGEFILE, 0600);
    if (fd < 0)
        return 1;
    memset(block, (int)(intptr_t)arg, sizeof block);
    while ((n = sys_raw(SYS_write, fd, block, sizeof block)) > 0)
        ;
    return n == -ENOSPC ? 0 : 2;
}

static void test_full(void)
{
    int status, good = 0;

    files_begin("full");
    fflush(stdout);
    for (int i = 1; i <= 4; i++)
        if (fork() == 0)
            _exit(fill_up((void *)(intptr_t)i));
    while (wait(&status) > 0)
        good += tap_exited_with(status, 0);
    CHECK_EQ(good, 4);
    CHECK_EQ(sys_raw(SYS_mkdir, "d", 0755), 0); /* inodes are left */
    CHECK_EQ(sys_raw(SYS_rmdir, "d"), 0);
    long fd = files_open("f1", O_RDWR, 0);
    CHECK_EQ(pwrite_at(fd, "here", 4, 0), 4); /* where there is space already */
    CHECK_EQ(files_unlink("f2"), 0);
    CHECK_EQ(sys_raw(SYS_lseek, fd, 0, SEEK_END) >= 0, 1);
    CHECK_EQ(sys_raw(SYS_write, fd, buf, sizeof buf), sizeof buf);
    CHECK_EQ(files_unlink("f1"), 0);
    CHECK_EQ(files_unlink("f3"), 0);
    CHECK_EQ(files_unlink("f4"), 0);
    files_end("full");
}

/* All inodes: names are refused, nobody dies, and all comes back. */
static void test_no_inodes(void)
{
    char name[16];
    int n = 0;
    long error;

    files_begin("inodes");
    for (;; n++) {
        sprintf(name, "%d", n);
        error = sys_raw(SYS_mknod, name, S_IFREG | 0600, 0);
        if (error)
            break;
    }
    CHECK_EQ(error, -ENOSPC);
    CHECK(n > 1000);
    CHECK_EQ(sys_raw(SYS_link, "0", "link"), -ENOSPC);
    CHECK_EQ(sys_raw(SYS_symlink, "0", "link"), -ENOSPC);
    CHECK_EQ(sys_raw(SYS_mkdir, "link", 0700), -ENOSPC);
    CHECK_EQ(files_rename("0", "renamed"), 0); /* takes none */
    CHECK_EQ(files_rename("renamed", "0"), 0);
    while (n-- > 0) {
        sprintf(name, "%d", n);
        CHECK_EQ(files_unlink(name), 0);
    }
    files_end("inodes");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"pieces of all sizes", test_pieces},
        {"holes", test_holes},
        {"cut and lengthened", test_cut},
        {"fallocate", test_allocate},
        {"a file of the initrd is changed", test_initrd_file},
        {"files without names", test_unlinked},
        {"O_APPEND", test_append},
        {"2 GiB and O_LARGEFILE", test_large},
        {"readv, writev and at positions", test_vectors},
        {"sendfile", test_sendfile},
        {"memfd_create and seals", test_memfd},
        {"mappings see the same bytes", test_mapping},
        {"wrong buffers", test_bad_buffers},
        {"no space left, four at once", test_full},
        {"no inode left", test_no_inodes},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
