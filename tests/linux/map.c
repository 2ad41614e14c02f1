/* SPDX-License-Identifier: MIT
 *
 * Theme map: mmap2 with all its flags and errors, munmap, private and shared pages of files, what
 * lies beyond a file's end, and what fork makes of all that.
 */
#include <stdio.h>

#include "compare.h"

#define ANON     (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIX      (ANON | MAP_FIXED)
#define PRIV_FIX (MAP_PRIVATE | MAP_FIXED)

static int file, read_only, write_only;

static void errors(void)
{
    about("errors of mmap2");
    CALL(map(AT(0), 0, RW, FIX, -1, 0));
    CALL(map(AT(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    CALL(map(AT(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED | 4, -1, 0));
    CALL(map(AT(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED | MAP_SHARED_VALIDATE, -1, 0));
    CALL(map(AT(0) + 1, PAGE, RW, FIX, -1, 0));
    CALL(map(AT(0), 1, RW, FIX, -1, 0));
    CALL(map(AT(0), PAGE, RW, FIX, 77, 5));
    CALL(map(AT(0), PAGE, RW, PRIV_FIX, -1, 0));
    CALL(map(AT(0), PAGE, RW, PRIV_FIX, 77, 0));
    CALL(map(AT(0), 0, RW, PRIV_FIX, 77, 0));
    CALL(map(AT(0), 0, RW, PRIV_FIX, file, 0));
    CALL(map(AT(0), PAGE, RW, MAP_FIXED, file, 0));
    CALL(map(AT(0), PAGE, RW, MAP_FIXED | 5, file, 0));
    CALL(map(AT(0), PAGE, RW, SHAR_FIX, read_only, 0));
    CALL(map(AT(0), PAGE, PROT_READ, SHAR_FIX, read_only, 0));
    CALL(mprotect(AT(0), PAGE, RW));
    CALL(map(AT(0), PAGE, RW, PRIV_FIX, read_only, 0));
    CALL(map(AT(0), PAGE, PROT_READ, PRIV_FIX, write_only, 0));
    CALL(map(AT(0), PAGE, PROT_WRITE, SHAR_FIX, write_only, 0));
    CALL(map(AT(0), PAGE, PROT_NONE, PRIV_FIX, write_only, 0));
    CALL(map(AT(0), PAGE, PROT_READ, PRIV_FIX, open(".", O_RDONLY), 0));
    CALL(map(AT(0), PAGE, PROT_READ, PRIV_FIX, file, 0xffffffff));
    CALL(map(AT(0), 2 * PAGE, PROT_READ, PRIV_FIX, file, 0xffffffff));
    CALL(map(AT(0), PAGE, PROT_READ, PRIV_FIX, file, 0xfffffffe));
    CALL(map(AT(0), 2 * PAGE, RW, FIX, -1, 0xffffffff));
    CALL(map(NULL, 0xffffffff, RW, ANON, -1, 0));
    CALL(map(NULL, 0xfffff000, RW, ANON, -1, 0));
    CALL(map(NULL, 0xfffff001, RW, FIX, -1, 0));
    CALL(map(NULL, PAGE, RW, FIX, -1, 0));
    CALL(map((void *)PAGE, PAGE, RW, FIX, -1, 0));
    CALL(map((void *)(2 * PAGE), PAGE, RW, FIX, -1, 0));
    CALL(munmap((void *)(2 * PAGE), PAGE));
    CALL(munmap(NULL, PAGE));
    CALL(map((void *)0xfffff000, PAGE, RW, FIX, -1, 0));
    CALL(map((void *)0xffffe000, 4 * PAGE, RW, FIX, -1, 0));
    CALL(map(AT(0), PAGE, RW, FIX | MAP_GROWSDOWN, -1, 0));
    CALL(map(AT(0), PAGE, RW, PRIV_FIX | MAP_GROWSDOWN, file, 0));
    CALL(map(AT(0), PAGE, RW, SHAR_FIX | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    CALL(map(AT(0), PAGE, 0xf0, FIX, -1, 0));
    show_pages(0, 1);
    CALL(map(AT(0), PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED, file, 0));
    CALL(map(AT(0), PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED | 0x80000, file, 0));
    CALL(map(AT(0), PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED | 0x200000, file, 0));
    CALL(map(AT(0), PAGE, RW, SHAR_FIX | 0x200000, file, 0));
    CALL(map(AT(0), PAGE, RW, FIX | 0x40000, -1, 0));
    window_clear();
}

static void places(void)
{
    char *p;

    about("places and flags");
    CALL(map(AT(8), PAGE, RW, ANON, -1, 0));
    CALL(map(AT(9) + 5, PAGE, RW, ANON, -1, 0));
    p = map(AT(8), PAGE, RW, ANON, -1, 0);
    SHOW(p != MAP_FAILED && (p < AT(0) || p > AT(15)));
    munmap(p, PAGE);
    CALL(map(AT(8), PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    CALL(map(AT(7), 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    CALL(map(AT(7), PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    CALL(map(AT(6) + 1, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    CALL(map(AT(9), PAGE, RW, ANON | MAP_FIXED_NOREPLACE | MAP_FIXED, -1, 0));
    CALL(map(AT(16), 4 * PAGE, RW, FIX | MAP_NORESERVE, -1, 0));
    show_incore(16, 4);
    CALL(map(AT(20), 4 * PAGE, RW, FIX | MAP_POPULATE, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, PROT_READ, FIX | MAP_POPULATE, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, PROT_NONE, FIX | MAP_POPULATE, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, RW, FIX | MAP_POPULATE | MAP_NONBLOCK, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, RW, SHAR_FIX | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, RW, FIX | MAP_LOCKED, -1, 0));
    show_incore(20, 4);
    CALL(madvise(AT(20), PAGE, MADV_DONTNEED));
    CALL(map(AT(20), 4 * PAGE, RW, FIX | MAP_LOCKED | MAP_NONBLOCK | MAP_POPULATE, -1, 0));
    show_incore(20, 4);
    CALL(map(AT(20), 4 * PAGE, RW, FIX | MAP_STACK | MAP_DENYWRITE | MAP_EXECUTABLE, -1, 0));
    show_pages(20, 4);
    CALL(map(AT(20), 4 * PAGE, RW, PRIV_FIX | MAP_DENYWRITE, file, 0));
    CALL(pwrite(file, "A", 1, 0));
    show_pages(20, 4);
    window_clear();
}

static void growing(void)
{
    about("a mapping that grows down");
    CALL(map(AT(100), PAGE, RW, FIX | MAP_GROWSDOWN, -1, 0));
    show_write(AT(99) + 4000);
    AT(99)[0] = 'g';
    AT(97)[5] = 'h';
    show_pages(96, 5);
    CALL(map(AT(60), PAGE, RW, FIX, -1, 0));
    CALL(munmap(AT(99), PAGE));
    show_pages(96, 5);
    CALL(pwrite(file, AT(98), 1, 0));
    CALL(pwrite(file, AT(96), 1, 0));
    show_read(AT(61));
    CALL(mprotect(AT(97), PAGE, PROT_READ));
    show_write(AT(97));
    CALL(mprotect(AT(90), PAGE, PROT_READ | PROT_GROWSDOWN));
    window_clear();
}

static void unmapping(void)
{
    about("munmap");
    fresh(0, 8);
    for (unsigned i = 0; i < 8; i++)
        page_fill(AT(i), i);
    CALL(munmap(AT(0) + 1, PAGE));
    CALL(munmap(AT(0), 0));
    CALL(munmap(AT(2), 1));
    CALL(munmap(AT(4), 2 * PAGE));
    CALL(munmap(AT(4), 2 * PAGE));
    CALL(munmap((void *)0xfffff000, PAGE));
    CALL(munmap((void *)0xfffff000, 2 * PAGE));
    CALL(munmap(AT(0), (size_t)-PAGE));
    show_pages(0, 9);
    CALL(munmap(AT(1), 6 * PAGE));
    show_pages(0, 9);
    show_read(AT(1));
    show_write(AT(2));
    window_clear();
}

static void of_files(void)
{
    int fd = file_make("f", 2 * PAGE + 100);

    about("pages of a file");
    CALL(map(AT(0), 5 * PAGE, RW, PRIV_FIX, fd, 0));
    CALL(map(AT(8), 5 * PAGE, RW, SHAR_FIX, fd, 0));
    CALL(map(AT(16), 2 * PAGE, PROT_READ, SHAR_FIX, fd, 1));
    show_incore(0, 5);
    SHOW(AT(0)[0]);
    show_incore(8, 5);
    show_pages(0, 5);
    show_pages(8, 5);
    show_pages(16, 2);
    SHOW(AT(2)[100]);
    AT(10)[200] = 'Q';
    SHOW(AT(17)[200]);
    show_fd(fd);
    show_read(AT(3));
    show_write(AT(11));
    show_read(AT(5));
    AT(0)[1] = 'P';
    AT(8)[1] = 'S';
    SHOW(AT(0)[1]);
    SHOW(AT(8)[1]);
    CALL(pwrite(fd, "W", 1, 2));
    SHOW(AT(0)[2]);
    SHOW(AT(8)[2]);
    CALL(pwrite(fd, "V", 1, PAGE));
    SHOW(AT(9)[0]);
    about("stores behind the end");
    AT(10)[150] = 'T';
    CALL(ftruncate(fd, 2 * PAGE + 200));
    SHOW(AT(10)[150]);
    CALL(ftruncate(fd, 2 * PAGE + 100));
    about("the file is cut");
    CALL(ftruncate(fd, PAGE + 10));
    SHOW(AT(9)[9]);
    SHOW(AT(9)[10]);
    show_pages(0, 5);
    show_pages(8, 5);
    CALL(ftruncate(fd, 4 * PAGE));
    show_pages(0, 5);
    show_pages(8, 5);
    AT(11)[0] = 'z';
    show_fd(fd);
    CALL(ftruncate(fd, 0));
    show_pages(0, 5);
    show_read(AT(0));
    show_write(AT(8));
    CALL(ftruncate(fd, PAGE));
    show_pages(0, 5);
    about("the name and the descriptor go");
    CALL(unlink("f"));
    CALL(close(fd));
    AT(8)[0] = 'k';
    show_pages(8, 2);
    window_clear();
}

static void child_writes(void)
{
    show_pages(0, 12);
    memset(AT(0), 'm', PAGE);
    memset(AT(2), 'n', PAGE);
    memset(AT(4), 'o', PAGE);
    memset(AT(6), 'p', PAGE);
    show_pages(0, 12);
}

static void forking(void)
{
    int fd = file_make("g", 4 * PAGE);

    about("fork");
    fresh(0, 2);
    map(AT(2), 2 * PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    map(AT(4), 2 * PAGE, RW, PRIV_FIX, fd, 0);
    map(AT(6), 2 * PAGE, RW, SHAR_FIX, fd, 0);
    memset(AT(1), 'b', PAGE);
    memset(AT(3), 'c', PAGE);
    memset(AT(5), 'd', PAGE);
    memset(AT(7), 'e', PAGE);
    IN_CHILD(child_writes);
    show_pages(0, 12);
    show_fd(fd);
    close(fd);
    window_clear();
}

static void zero_device(void)
{
    int fd = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);

    about("devices");
    CALL(map(AT(0), 2 * PAGE, RW, PRIV_FIX, fd, 7));
    AT(0)[0] = 'x';
    show_pages(0, 2);
    if (CALL(map(AT(2), 2 * PAGE, RW, SHAR_FIX, fd, 0)) != -1)
        AT(2)[0] = 'y';
    show_pages(2, 2);
    CALL(map(AT(4), PAGE, RW, PRIV_FIX, null, 0));
    CALL(map(AT(4), PAGE, PROT_READ, SHAR_FIX, null, 0));
    close(fd);
    close(null);
    window_clear();
}

void theme_map(void)
{
    file = file_make("a", 4 * PAGE);
    read_only = open("a", O_RDONLY);
    write_only = open("a", O_WRONLY);
    window_clear();
    errors();
    places();
    growing();
    unmapping();
    of_files();
    forking();
    zero_device();
}
