/* SPDX-License-Identifier: MIT
 *
 * Themes protect and remap: mprotect, also over gaps, and mremap in place, to a place, and without
 * unmapping.
 */
#include "compare.h"

#define RWX  (RW | PROT_EXEC)
#define MOVE MREMAP_MAYMOVE
#define TO   (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)

static void errors(void)
{
    fresh_filled(0, 4);
    about("mprotect");
    CALL(mprotect(AT(0) + 1, PAGE, RW));
    CALL(mprotect(AT(0), 0, PROT_NONE));
    CALL(mprotect(AT(0), PAGE, 0x10));
    CALL(mprotect(AT(0), PAGE, RW | 8));
    CALL(mprotect(AT(0), (size_t)-1, RW));
    CALL(mprotect(AT(0), (size_t)-PAGE, RW));
    CALL(mprotect(AT(0) + 1, 0, RW));
    CALL(mprotect(AT(8), PAGE, RW));
    CALL(mprotect(AT(8), 0, RW));
    CALL(mprotect((void *)0xfffff000, PAGE, RW));
    CALL(mprotect(NULL, PAGE, RW));
    CALL(mprotect(AT(1), 1, PROT_READ));
    show_pages(0, 4);
    CALL(mprotect(AT(2), PAGE + 1, PROT_NONE));
    show_pages(0, 4);
    show_read(AT(2));
    show_write(AT(1));
    CALL(mprotect(AT(2), PAGE, PROT_WRITE));
    show_pages(0, 4);
    CALL(mprotect(AT(3), PAGE, PROT_EXEC));
    show_pages(0, 4);
    show_read(AT(3));
    CALL(mprotect(AT(0), 4 * PAGE, RW));
    show_pages(0, 4);
    CALL(mprotect(AT(0), 4 * PAGE, RW | PROT_GROWSDOWN));
    CALL(mprotect(AT(0), 4 * PAGE, RW | PROT_GROWSUP));
    CALL(mprotect(AT(0), 4 * PAGE, RW | PROT_GROWSUP | PROT_GROWSDOWN));
    window_clear();
}

static void gaps(void)
{
    int fd = open("file", O_RDONLY);

    about("mprotect over gaps");
    fresh_filled(0, 8);
    munmap(AT(4), PAGE);
    CALL(mprotect(AT(0), 8 * PAGE, PROT_READ));
    show_pages(0, 8);
    CALL(mprotect(AT(4), 4 * PAGE, PROT_READ));
    show_pages(0, 8);
    CALL(mprotect(AT(6), 4 * PAGE, PROT_READ));
    show_pages(0, 10);
    CALL(mprotect(AT(2), 4 * PAGE, RW));
    show_pages(0, 10);
    about("mprotect up to what refuses it");
    fresh_filled(0, 8);
    map(AT(3), 2 * PAGE, PROT_READ, SHAR_FIX, fd, 0);
    CALL(mprotect(AT(3), PAGE, RW));
    CALL(mprotect(AT(1), 6 * PAGE, PROT_READ));
    show_pages(0, 8);
    CALL(mprotect(AT(1), 6 * PAGE, RW));
    show_pages(0, 8);
    CALL(mprotect(AT(4), 3 * PAGE, RW));
    show_pages(0, 8);
    close(fd);
    window_clear();
}

static void executing(void)
{
    about("execution");
    fresh(0, 2);
    *(uint32_t *)AT(0) = 0xe12fff1e; /* bx lr */
    show_exec(AT(0));
    CALL(mprotect(AT(0), PAGE, PROT_READ | PROT_EXEC));
    syscall(0xf0002, AT(0), AT(1), 0);
    show_exec(AT(0));
    show_write(AT(0));
    CALL(mprotect(AT(0), PAGE, PROT_NONE));
    show_exec(AT(0));
    CALL(mprotect(AT(0), PAGE, RWX));
    show_exec(AT(0));
    CALL(mprotect(AT(0), PAGE, RW));
    show_exec(AT(0));
    window_clear();
}

static void of_files(void)
{
    int fd = file_make("file", 4 * PAGE);

    about("protection of a file's pages");
    map(AT(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    map(AT(8), 4 * PAGE, RW, SHAR_FIX, fd, 0);
    AT(1)[0] = 'p';
    AT(10)[0] = 's';
    CALL(mprotect(AT(0), 4 * PAGE, PROT_READ));
    CALL(mprotect(AT(8), 4 * PAGE, PROT_NONE));
    show_pages(0, 12);
    CALL(mprotect(AT(0), 4 * PAGE, RW));
    CALL(mprotect(AT(8), 4 * PAGE, RW));
    show_pages(0, 12);
    show_fd(fd);
    close(fd);
    window_clear();
}

void theme_protect(void)
{
    close(file_make("file", 4 * PAGE));
    window_clear();
    errors();
    gaps();
    executing();
    of_files();
}

static void remap_errors(void)
{
    fresh_filled(0, 4);
    about("errors of mremap");
    CALL(mremap(AT(0) + 1, PAGE, PAGE, 0));
    CALL(mremap(AT(0), PAGE, 0, 0));
    CALL(mremap(AT(0), 0, PAGE, 0));
    CALL(mremap(AT(0), 0, PAGE, MOVE));
    CALL(mremap(AT(0), PAGE, PAGE, 8));
    CALL(mremap(AT(0), PAGE, PAGE, MREMAP_FIXED, AT(20)));
    CALL(mremap(AT(0), PAGE, PAGE, MREMAP_DONTUNMAP, AT(20)));
    CALL(mremap(AT(0), PAGE, 2 * PAGE, KEEP, AT(20)));
    CALL(mremap(AT(8), PAGE, PAGE, 0));
    CALL(mremap(AT(8), PAGE, 2 * PAGE, MOVE));
    CALL(mremap(AT(0), 6 * PAGE, 8 * PAGE, MOVE));
    CALL(mremap(AT(0), 6 * PAGE, 6 * PAGE, MOVE));
    CALL(mremap(AT(0), PAGE, PAGE, TO, AT(20) + 1));
    CALL(mremap(AT(0), 4 * PAGE, 4 * PAGE, TO, AT(2)));
    CALL(mremap(AT(0), 4 * PAGE, 4 * PAGE, TO, AT(0)));
    CALL(mremap(AT(2), 2 * PAGE, 4 * PAGE, TO, AT(0)));
    CALL(mremap(AT(0), PAGE, PAGE, TO, NULL));
    CALL(mremap(AT(0), PAGE, PAGE, TO, (void *)PAGE));
    CALL(mremap(AT(0), PAGE, PAGE, TO, (void *)0xfffff000));
    CALL(mremap(AT(0), PAGE, (size_t)-PAGE, MOVE));
    CALL(mremap(AT(0), PAGE, (size_t)-1, MOVE));
    CALL(mremap(AT(0), (size_t)-PAGE, PAGE, 0));
    CALL(mremap((void *)0xfffff000, PAGE, PAGE, 0));
    CALL(mremap(AT(8), PAGE, PAGE, TO, AT(20)));
    show_pages(0, 24);
    window_clear();
}

static void in_place(void)
{
    char *p;

    about("mremap in place");
    fresh_filled(0, 4);
    CALL(mremap(AT(0), 4 * PAGE, 4 * PAGE, 0));
    CALL(mremap(AT(0), 4 * PAGE, 3 * PAGE - 5, 0));
    show_pages(0, 8);
    CALL(mremap(AT(0), 3 * PAGE, 6 * PAGE, 0));
    show_pages(0, 8);
    CALL(mremap(AT(1), 2 * PAGE, PAGE, 0));
    show_pages(0, 8);
    CALL(mremap(AT(0), 2 * PAGE, 4 * PAGE, 0));
    p = mremap(AT(0), 2 * PAGE, 4 * PAGE, MOVE);
    SHOW(p != MAP_FAILED && (p < AT(0) || p > AT(63)));
    show_pages(0, 8);
    CALL(mremap(p, 4 * PAGE, 4 * PAGE, TO, AT(30)));
    show_pages(30, 5);
    CALL(mremap(AT(30), PAGE, 2 * PAGE, 0));
    CALL(mremap(AT(3), PAGE, PAGE, MOVE));
    CALL(mremap(AT(3), 3 * PAGE, PAGE, MOVE));
    show_pages(0, 8);
    window_clear();
}

static void to_place(void)
{
    about("mremap to a place");
    fresh_filled(0, 4);
    fresh_filled(20, 8);
    CALL(mremap(AT(0), 4 * PAGE, 2 * PAGE, TO, AT(22)));
    show_pages(0, 28);
    CALL(mremap(AT(22), 2 * PAGE, 5 * PAGE, TO, AT(8)));
    show_pages(0, 28);
    CALL(mremap(AT(8), PAGE, 3 * PAGE, TO, AT(0)));
    show_pages(0, 28);
    about("of pages with different protection");
    mprotect(AT(26), PAGE, PROT_READ);
    CALL(mremap(AT(25), 3 * PAGE, 3 * PAGE, TO, AT(40)));
    CALL(mremap(AT(25), 3 * PAGE, PAGE, TO, AT(40)));
    show_pages(20, 28);
    CALL(mremap(AT(20), 2 * PAGE, 2 * PAGE, TO, AT(21)));
    CALL(mremap(AT(21), PAGE, PAGE, TO, AT(20)));
    show_pages(20, 28);
    window_clear();
}

static void of_shared(void)
{
    int fd = file_make("file", 6 * PAGE);

    about("mremap of a file's pages");
    map(AT(0), 2 * PAGE, RW, SHAR_FIX, fd, 1);
    map(AT(8), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 1);
    AT(8)[0] = 'v';
    CALL(mremap(AT(0), 2 * PAGE, 4 * PAGE, 0));
    CALL(mremap(AT(8), 2 * PAGE, 6 * PAGE, 0));
    show_pages(0, 16);
    CALL(mremap(AT(0), 0, 2 * PAGE, TO, AT(32)));
    CALL(mremap(AT(1), 0, 2 * PAGE, 0));
    CALL(mremap(AT(8), 0, 2 * PAGE, TO, AT(40)));
    AT(32)[0] = 'w';
    show_pages(0, 16);
    show_pages(32, 12);
    CALL(mremap(AT(0), PAGE, PAGE, KEEP | MREMAP_FIXED, AT(48)));
    AT(48)[0] = 'y';
    show_pages(0, 1);
    show_pages(48, 1);
    CALL(mremap(AT(8), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(50)));
    show_pages(8, 4);
    show_pages(50, 2);
    CALL(mremap(AT(0), 2 * PAGE, 0xc0000000u, MOVE));
    close(fd);
    window_clear();
}

static void child_sees(void)
{
    show_pages(0, 8);
    show_pages(20, 4);
}

static void keeping(void)
{
    about("mremap without unmapping");
    fresh_filled(0, 4);
    CALL(mremap(AT(0), 4 * PAGE, 4 * PAGE, KEEP | MREMAP_FIXED, AT(20)));
    show_incore(0, 4);
    show_pages(0, 4);
    show_pages(20, 4);
    AT(0)[0] = 'n';
    IN_CHILD(child_sees);
    mlock(AT(20), 2 * PAGE);
    CALL(mremap(AT(20), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, AT(4)));
    CALL(madvise(AT(20), PAGE, MADV_DONTNEED));
    CALL(madvise(AT(4), PAGE, MADV_DONTNEED));
    show_pages(0, 8);
    CALL(mremap(AT(4), 2 * PAGE, 4 * PAGE, TO, AT(40)));
    show_incore(40, 4);
    CALL(munlock(AT(40), 4 * PAGE));
    window_clear();
}

void theme_remap(void)
{
    window_clear();
    remap_errors();
    in_place();
    to_place();
    of_shared();
    keeping();
}
