/* SPDX-License-Identifier: MIT
 *
 * Theme advice: madvise, mincore, msync and the mlock family.
 */
#include "compare.h"

static void child_sees(void)
{
    show_pages(0, 16);
}

static void errors(void)
{
    about("errors of madvise");
    fresh_filled(0, 8);
    CALL(madvise(AT(0) + 1, PAGE, MADV_DONTNEED));
    CALL(madvise(AT(0), 0, MADV_DONTNEED));
    CALL(madvise(AT(0) + 1, 0, MADV_DONTNEED));
    CALL(madvise(AT(0), 0, 99));
    CALL(madvise(AT(0), PAGE, 99));
    CALL(madvise(AT(0), PAGE, -1));
    CALL(madvise(AT(0), (size_t)-1, MADV_NORMAL));
    CALL(madvise(AT(0), (size_t)-PAGE, MADV_NORMAL));
    CALL(madvise((void *)0xfffff000, PAGE, MADV_NORMAL));
    CALL(madvise(AT(20), PAGE, MADV_NORMAL));
    CALL(madvise(AT(6), 4 * PAGE, MADV_RANDOM));
    CALL(madvise(AT(6), 4 * PAGE, MADV_SEQUENTIAL));
    CALL(madvise(AT(6), 4 * PAGE, MADV_WILLNEED));
    CALL(madvise(AT(6), 4 * PAGE, MADV_DONTNEED));
    show_pages(0, 8);
    munmap(AT(3), PAGE);
    CALL(madvise(AT(0), 6 * PAGE, MADV_DONTNEED));
    show_pages(0, 8);
    CALL(madvise(AT(0), PAGE, MADV_WILLNEED));
    CALL(madvise(AT(0), PAGE, MADV_COLD));
    CALL(madvise(AT(0), PAGE, MADV_PAGEOUT));
    CALL(madvise(AT(0), PAGE, MADV_DONTDUMP));
    CALL(madvise(AT(0), PAGE, MADV_DODUMP));
    CALL(madvise(AT(0), PAGE, 5));
    CALL(madvise(AT(0), PAGE, 7));
    window_clear();
}

static void discarding(void)
{
    int fd = file_make("file", 8 * PAGE);

    about("MADV_DONTNEED and MADV_FREE");
    fresh_filled(0, 4);
    CALL(madvise(AT(1), 2 * PAGE, MADV_DONTNEED));
    show_incore(0, 4);
    show_pages(0, 4);
    map(AT(4), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    map(AT(8), 4 * PAGE, RW, SHAR_FIX, fd, 0);
    map(AT(12), 4 * PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    AT(5)[0] = 'y';
    AT(9)[0] = 'x';
    AT(12)[0] = 'w';
    CALL(madvise(AT(4), 12 * PAGE, MADV_DONTNEED));
    show_pages(0, 16);
    CALL(madvise(AT(0), PAGE, MADV_FREE));
    page_fill(AT(0), 3);
    show_pages(0, 1);
    CALL(madvise(AT(4), PAGE, MADV_FREE));
    CALL(madvise(AT(8), PAGE, MADV_FREE));
    CALL(madvise(AT(12), PAGE, MADV_FREE));
    CALL(madvise(AT(30), PAGE, MADV_FREE));
    CALL(mprotect(AT(0), PAGE, PROT_NONE));
    CALL(madvise(AT(0), PAGE, MADV_DONTNEED));
    CALL(mprotect(AT(0), PAGE, RW));
    show_pages(0, 1);
    CALL(mlock(AT(1), PAGE));
    CALL(madvise(AT(0), 3 * PAGE, MADV_DONTNEED));
    CALL(madvise(AT(1), PAGE, MADV_FREE));
    CALL(madvise(AT(1), PAGE, 24));
    CALL(madvise(AT(8), PAGE, MADV_REMOVE));
    show_pages(8, 2);
    show_fd(fd);
    CALL(madvise(AT(0), PAGE, MADV_REMOVE));
    CALL(madvise(AT(4), PAGE, MADV_REMOVE));
    CALL(munlock(AT(1), PAGE));
    close(fd);
    window_clear();
}

static void over_fork(void)
{
    int fd = file_make("file", 4 * PAGE);

    about("MADV_DONTFORK and MADV_WIPEONFORK");
    fresh_filled(0, 8);
    map(AT(8), 2 * PAGE, RW, SHAR_FIX, fd, 0);
    map(AT(10), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    CALL(madvise(AT(1), PAGE, MADV_DONTFORK));
    CALL(madvise(AT(3), PAGE, MADV_WIPEONFORK));
    CALL(madvise(AT(8), PAGE, MADV_DONTFORK));
    CALL(madvise(AT(9), PAGE, MADV_WIPEONFORK));
    CALL(madvise(AT(10), PAGE, MADV_WIPEONFORK));
    CALL(madvise(AT(9), PAGE, MADV_KEEPONFORK));
    CALL(madvise(AT(20), PAGE, MADV_DONTFORK));
    CALL(madvise(AT(7), 20 * PAGE, MADV_DOFORK));
    CALL(madvise(AT(6), 4 * PAGE, MADV_WIPEONFORK));
    IN_CHILD(child_sees);
    show_pages(0, 12);
    CALL(madvise(AT(0), 8 * PAGE, MADV_DOFORK));
    CALL(madvise(AT(0), 8 * PAGE, MADV_KEEPONFORK));
    IN_CHILD(child_sees);
    close(fd);
    window_clear();
}

static void populating(void)
{
    about("MADV_POPULATE");
    map(AT(0), 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CALL(madvise(AT(0), 2 * PAGE, MADV_POPULATE_READ));
    CALL(madvise(AT(3), 2 * PAGE, MADV_POPULATE_WRITE));
    show_incore(0, 8);
    mprotect(AT(6), PAGE, PROT_READ);
    CALL(madvise(AT(6), 2 * PAGE, MADV_POPULATE_WRITE));
    CALL(madvise(AT(6), 4 * PAGE, MADV_POPULATE_READ));
    show_incore(0, 8);
    mprotect(AT(6), PAGE, PROT_NONE);
    CALL(madvise(AT(6), PAGE, MADV_POPULATE_READ));
    fresh(0, 1);
    fresh(4, 1);
    munmap(AT(1), 3 * PAGE);
    CALL(madvise(AT(0), 5 * PAGE, MADV_POPULATE_WRITE));
    show_incore(0, 8);
    CALL(madvise(AT(0), 7 * PAGE, MADV_POPULATE_WRITE));
    CALL(mlock(AT(4), PAGE));
    CALL(madvise(AT(4), PAGE, MADV_COLD));
    CALL(madvise(AT(4), PAGE, MADV_PAGEOUT));
    window_clear();
}

static void core(void)
{
    int fd = file_make("file", 4 * PAGE);
    unsigned char in[16];

    about("mincore");
    map(AT(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CALL(mincore(AT(0) + 1, PAGE, in));
    CALL(mincore(AT(0), 0, in));
    CALL(mincore(AT(0), PAGE, (void *)1));
    CALL(mincore(AT(0), 8 * PAGE, in));
    CALL(mincore(AT(8), PAGE, in));
    CALL(mincore((void *)0xfffff000, PAGE, in));
    CALL(mincore(AT(0), PAGE, (void *)0xfffff000));
    show_incore(0, 4);
    (void)*(volatile char *)AT(0);
    AT(2)[0] = 'x';
    show_incore(0, 4);
    map(AT(8), 6 * PAGE, RW, SHAR_FIX, fd, 0);
    map(AT(16), 6 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_incore(8, 6);
    show_incore(16, 6);
    CALL(ftruncate(fd, 8 * PAGE));
    show_incore(8, 6);
    (void)*(volatile char *)AT(12);
    AT(20)[0] = 'y';
    show_incore(8, 6);
    show_incore(16, 6);
    show_fd(fd);
    map(AT(24), 4 * PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    (void)*(volatile char *)AT(25);
    show_incore(24, 4);
    close(fd);
    window_clear();
}

static void syncing(void)
{
    int fd = file_make("file", 4 * PAGE);

    about("msync");
    fresh_filled(0, 4);
    map(AT(4), 4 * PAGE, RW, SHAR_FIX, fd, 0);
    AT(5)[0] = 'm';
    CALL(msync(AT(0), 8 * PAGE, MS_SYNC));
    CALL(msync(AT(0), 8 * PAGE, MS_ASYNC));
    CALL(msync(AT(0), 8 * PAGE, MS_INVALIDATE));
    CALL(msync(AT(0), 8 * PAGE, 0));
    CALL(msync(AT(0), 8 * PAGE, MS_SYNC | MS_ASYNC));
    CALL(msync(AT(0), 8 * PAGE, 8));
    CALL(msync(AT(0) + 1, PAGE, MS_SYNC));
    CALL(msync(AT(0), 0, MS_SYNC));
    CALL(msync(AT(40), 0, MS_SYNC));
    CALL(msync(AT(0), 12 * PAGE, MS_SYNC));
    CALL(msync(AT(12), PAGE, MS_ASYNC));
    CALL(msync(AT(0), (size_t)-1, MS_SYNC));
    CALL(msync(AT(0), (size_t)-PAGE, MS_SYNC));
    CALL(mlock(AT(4), PAGE));
    CALL(msync(AT(0), 8 * PAGE, MS_SYNC | MS_INVALIDATE));
    CALL(msync(AT(5), PAGE, MS_INVALIDATE));
    CALL(munlock(AT(4), PAGE));
    CALL(msync(AT(0), 8 * PAGE, MS_SYNC | MS_INVALIDATE));
    show_fd(fd);
    close(fd);
    window_clear();
}

static void locking(void)
{
    int fd = file_make("file", 2 * PAGE);

    about("mlock");
    map(AT(0), 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CALL(mlock(AT(1) + 5, PAGE));
    show_incore(0, 8);
    CALL(mlock(AT(0), 0));
    CALL(mlock(AT(40), 0));
    CALL(mlock(AT(40), PAGE));
    CALL(mlock(AT(6), 4 * PAGE));
    show_incore(0, 8);
    map(AT(20), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    map(AT(22), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CALL(mlock(AT(20), 3 * PAGE));
    CALL(madvise(AT(20), PAGE, MADV_DONTNEED));
    CALL(madvise(AT(22), PAGE, MADV_DONTNEED));
    CALL(munlock(AT(20), 3 * PAGE));
    CALL(madvise(AT(20), PAGE, MADV_COLD));
    CALL(madvise(AT(6), PAGE, MADV_DONTNEED));
    CALL(mlock(AT(0), (size_t)-1));
    CALL(mlock(AT(0), (size_t)-PAGE));
    CALL(mlock((void *)0xfffff000, PAGE));
    CALL(munlock(AT(0), 8 * PAGE));
    CALL(munlock(AT(0), 10 * PAGE));
    CALL(munlock(AT(40), PAGE));
    CALL(munlock(AT(0), (size_t)-1));
    CALL(madvise(AT(6), PAGE, MADV_DONTNEED));
    CALL(syscall(SYS_mlock2, AT(3), PAGE, 1));
    CALL(syscall(SYS_mlock2, AT(4), PAGE, 0));
    CALL(syscall(SYS_mlock2, AT(4), PAGE, 2));
    show_incore(0, 8);
    CALL(madvise(AT(3), PAGE, MADV_DONTNEED));
    mprotect(AT(7), PAGE, PROT_NONE);
    CALL(mlock(AT(5), 3 * PAGE));
    show_incore(0, 8);
    CALL(madvise(AT(7), PAGE, MADV_DONTNEED));
    map(AT(10), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    CALL(mlock(AT(10), 2 * PAGE));
    CALL(mlock(AT(10), 4 * PAGE));
    CALL(mlock(AT(12), PAGE));
    window_clear();
    close(fd);
}

/* Locked at once they become the owner's own; locked on fault they stay the file's. */
static void locked_and_writable(unsigned flags)
{
    int fd = file_make("file", 2 * PAGE);

    map(AT(0), 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    CALL(syscall(SYS_mlock2, AT(0), PAGE, flags));
    CALL(mprotect(AT(0), 2 * PAGE, RW));
    CALL(pwrite(fd, "12", 1, 0));
    CALL(pwrite(fd, "12", 1, PAGE));
    show_pages(0, 2);
    close(fd);
    window_clear();
}

static void locked_on_fault(void)
{
    about("locked on fault");
    map(AT(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CALL(syscall(SYS_mlock2, AT(0), 4 * PAGE, 1));
    *AT(1) = 1;
    show_incore(0, 4);
    CALL(madvise(AT(1), PAGE, MADV_DONTNEED));
    CALL(madvise(AT(2), PAGE, 22));
    show_incore(0, 4);
    CALL(mlock(AT(0), PAGE));
    show_incore(0, 4);
    CALL(mlockall(MCL_FUTURE | MCL_ONFAULT));
    map(AT(8), 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
    show_incore(8, 2);
    CALL(mlockall(MCL_CURRENT | MCL_ONFAULT));
    CALL(munlockall());
    window_clear();
}

static void child_lockless(void)
{
    CALL(madvise(AT(0), PAGE, MADV_DONTNEED));
}

static void locking_all(void)
{
    about("mlockall");
    CALL(mlockall(0));
    CALL(mlockall(8));
    CALL(mlockall(4));
    CALL(mlockall(MCL_FUTURE));
    map(AT(0), 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    map(AT(2), 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_incore(0, 4);
    CALL(madvise(AT(0), PAGE, MADV_DONTNEED));
    IN_CHILD(child_lockless);
    CALL(mlockall(MCL_FUTURE | MCL_ONFAULT));
    map(AT(4), 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_incore(4, 2);
    CALL(madvise(AT(4), PAGE, MADV_DONTNEED));
    CALL(mlockall(MCL_CURRENT));
    show_incore(0, 6);
    map(AT(6), 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_incore(6, 2);
    CALL(munlockall());
    CALL(madvise(AT(4), PAGE, MADV_DONTNEED));
    window_clear();
}

void theme_advice(void)
{
    window_clear();
    errors();
    discarding();
    over_fork();
    populating();
    core();
    syncing();
    locking();
    about("locked pages of a file become writable");
    locked_and_writable(0);
    locked_and_writable(1);
    locked_on_fault();
    locking_all();
}
