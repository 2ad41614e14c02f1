/* SPDX-License-Identifier: MIT
 *
 * A random program by seed: some hundred calls that map, change, touch and share pages of a part of
 * the window, with what each answers, what each page holds now and then, and what a child sees and
 * is killed for. All of it goes into a digest; with `loud` each step is a line.
 *
 * What Linux leaves to chance is not asked. mremap wants one mapping, and whether two neighbours
 * have become one depends on when each was touched first: a page's key says that it belongs to the
 * one before it for certain (equal to that one's key plus 1), and only such ranges are moved. Pages
 * that MADV_FREE may take away are written at once.
 */
#include <stdarg.h>
#include <stdio.h>

#include <sys/wait.h>

#include "compare.h"

#define FIRST      16u /* page of the window */
#define PAGES      48u
#define FILES      3u
#define FILE_PAGES 12u
#define STEPS      250u
#define LOOK_EVERY 10u
#define P(n)       AT(FIRST + (n))

static struct {
    uint32_t random, digest, next_key, step;
    uint32_t key[PAGES]; /* 0: not mapped */
    int file[FILES], scratch;
    char *seen; /* shared with children: their digest */
    bool loud;
} r;

static uint32_t chance(uint32_t n)
{
    r.random ^= r.random << 13;
    r.random ^= r.random >> 17;
    r.random ^= r.random << 5;
    return r.random % n;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    r.digest = sum_of(line, (size_t)n, r.digest);
    if (r.loud)
        say("%u: %s", r.step, line);
}

/* The call's result: addresses in the window as pages. */
static void result(const char *call, long value)
{
    uint32_t page = ((uint32_t)value - (uint32_t)(uintptr_t)P(0)) / PAGE;

    if (value == -1)
        note("%s -> %s", call, error_name(errno));
    else if (page < PAGES)
        note("%s -> page %u", call, page);
    else
        note("%s -> %ld", call, value);
}

/* Keys: each run that was one mapping is one still, but not with its neighbours. */
static void renew(uint32_t first, uint32_t n)
{
    uint32_t before = 0;

    for (uint32_t i = first; i < first + n && i < PAGES; i++) {
        uint32_t old = r.key[i];

        if (old && old != before + 1)
            r.next_key += 1000;
        if (old)
            r.key[i] = r.next_key++;
        before = old;
    }
    r.next_key += 1000;
}

static void set_keys(uint32_t first, uint32_t n, bool mapped)
{
    for (uint32_t i = first; i < first + n && i < PAGES; i++)
        r.key[i] = mapped ? r.next_key++ : 0;
    r.next_key += 1000;
}

static bool one_mapping(uint32_t first, uint32_t n)
{
    if (!r.key[first])
        return false;
    for (uint32_t i = first + 1; i < first + n; i++)
        if (r.key[i] != r.key[i - 1] + 1)
            return false;
    return true;
}

static void random_range(uint32_t *first, uint32_t *n, uint32_t most)
{
    *n = 1 + chance(most);
    *first = chance(PAGES - *n + 1);
}

static int random_prot(void)
{
    static const int prots[] = {RW, RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE};

    return prots[chance(8)];
}

static void do_mmap(void)
{
    uint32_t first, n, kind = chance(6), offset = chance(8), file = chance(FILES);
    int prot = random_prot(), flags = MAP_FIXED, fd = -1;
    char call[80];
    long got;

    random_range(&first, &n, 12);
    if (kind < 2)
        flags |= MAP_PRIVATE | MAP_ANONYMOUS;
    else if (kind == 2)
        flags |= MAP_SHARED | MAP_ANONYMOUS;
    else
        flags |= kind == 3 ? MAP_PRIVATE : MAP_SHARED;
    if (kind > 2)
        fd = r.file[file];
    flags |= chance(6) == 0 ? MAP_POPULATE : 0;
    flags |= chance(8) == 0 ? MAP_NORESERVE : 0;
    flags |= chance(12) == 0 ? MAP_LOCKED : 0;
    flags |= chance(6) == 0 ? MAP_FIXED_NOREPLACE : 0;
    snprintf(call, sizeof(call), "mmap(%u+%u, prot %d, flags %#x, file %d, page %u)", first, n,
             prot, flags, fd < 0 ? -1 : (int)file, offset);
    errno = 0;
    got = (long)map(P(first), n * PAGE, prot, flags, fd, fd < 0 ? 0 : offset);
    result(call, got);
    if (got != -1)
        set_keys(first, n, true);
}

static void do_munmap(void)
{
    uint32_t first, n;
    char call[40];

    random_range(&first, &n, 6);
    snprintf(call, sizeof(call), "munmap(%u+%u)", first, n);
    result(call, munmap(P(first), n * PAGE));
    set_keys(first, n, false);
}

static void do_mprotect(void)
{
    uint32_t first, n;
    int prot = random_prot();
    char call[40];

    random_range(&first, &n, 12);
    snprintf(call, sizeof(call), "mprotect(%u+%u, %d)", first, n, prot);
    result(call, mprotect(P(first), n * PAGE, prot));
    renew(first, n);
}

/* What the kernel has moved out of the window comes back, to where it will not be in the way. */
static void *bring_back(void *where, uint32_t n)
{
    uint32_t to = chance(PAGES - n + 1);

    set_keys(to, n, true);
    return mremap(where, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, P(to));
}

static void after_mremap(char *got, uint32_t first, uint32_t old, uint32_t now, bool keep)
{
    uint32_t page = (uint32_t)(got - P(0)) / PAGE;

    if (!keep && page != first)
        set_keys(first, old, false);
    if (keep)
        renew(first, old);
    if (got >= P(0) && page < PAGES) {
        if (page != first || now >= old)
            set_keys(page, now, true);
        else /* cut off in place, what is left may be several mappings as before */
            set_keys(first + now, old - now, false);
    } else {
        result("brought back", (long)bring_back(got, now));
    }
}

/* Moved to where they touch, pages that nobody has touched become one mapping with those that stay
 * behind, and DONTUNMAP unlocks all of it. */
static void unlock_all(void)
{
    for (uint32_t i = 0; i < PAGES; i++)
        munlock(P(i), PAGE);
}

static void do_mremap(void)
{
    uint32_t first, old, now, to, kind = chance(4);
    int flags = kind ? MREMAP_MAYMOVE : 0;
    char call[80], *got;

    random_range(&first, &old, 8);
    now = chance(3) ? old : 1 + chance(8);
    to = chance(PAGES - now + 1);
    if (r.key[first] && now >= old && !one_mapping(first, old))
        return;
    if (kind == 3)
        flags |= MREMAP_FIXED;
    if (kind == 3 && now < old && !one_mapping(first, now))
        return;
    if (kind == 3 && old == now && chance(3) == 0) {
        flags |= MREMAP_DONTUNMAP;
        unlock_all();
    }
    snprintf(call, sizeof(call), "mremap(%u+%u, %u, %d, %u)", first, old, now, flags,
             kind == 3 ? to : 0);
    got = mremap(P(first), old * PAGE, now * PAGE, flags, P(to));
    if (got == MAP_FAILED || (got >= P(0) && got < P(PAGES)))
        result(call, (long)got);
    else
        note("%s -> elsewhere", call);
    if (got != MAP_FAILED)
        after_mremap(got, first, old, now, flags & MREMAP_DONTUNMAP);
    else if (kind == 3 && r.key[first] == 0)
        set_keys(to, 0, false);
}

static void do_msync(void)
{
    static const int flags[] = {MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE};
    uint32_t first, n, i = chance(4);
    char call[40];

    random_range(&first, &n, 16);
    snprintf(call, sizeof(call), "msync(%u+%u, %d)", first, n, flags[i]);
    result(call, msync(P(first), n * PAGE, flags[i]));
}

/* Only where all can be written, and then it is. */
static void do_free(uint32_t first, uint32_t n)
{
    char call[40];

    for (uint32_t i = first; i < first + n; i++)
        if (pread(r.scratch, P(i), 1, 0) != 1) {
            note("free(%u+%u): %u can't be written", first, n, i);
            return;
        }
    snprintf(call, sizeof(call), "free(%u+%u)", first, n);
    result(call, madvise(P(first), n * PAGE, MADV_FREE));
    for (uint32_t i = first; i < first + n; i++)
        memset(P(i), 'f', PAGE);
}

static void do_madvise(void)
{
    static const int advice[] = {
        MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED,      MADV_WILLNEED,       MADV_SEQUENTIAL,
        MADV_RANDOM,   MADV_DONTFORK, MADV_DOFORK,        MADV_WIPEONFORK,     MADV_KEEPONFORK,
        MADV_NORMAL,   MADV_FREE,     MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLD};
    uint32_t first, n, i = chance(sizeof(advice) / sizeof(advice[0]));
    char call[40];

    random_range(&first, &n, 10);
    if (advice[i] == MADV_FREE) {
        do_free(first, n);
        return;
    }
    snprintf(call, sizeof(call), "madvise(%u+%u, %d)", first, n, advice[i]);
    result(call, madvise(P(first), n * PAGE, advice[i]));
    renew(first, n);
}

static void do_mincore(void)
{
    unsigned char in[PAGES];
    char text[PAGES + 1] = "", call[40];
    uint32_t first, n;
    int got;

    random_range(&first, &n, 16);
    got = mincore(P(first), n * PAGE, in);
    for (uint32_t i = 0; got == 0 && i < n; i++)
        text[i] = (char)('0' + (in[i] & 1));
    snprintf(call, sizeof(call), "mincore(%u+%u) %s", first, n, text);
    result(call, got);
}

static void do_mlock(void)
{
    uint32_t first, n, kind = chance(4);
    char call[40];
    long got;

    random_range(&first, &n, 8);
    if (kind == 0)
        got = mlock(P(first), n * PAGE);
    else if (kind == 1)
        got = syscall(SYS_mlock2, P(first), n * PAGE, 1);
    else
        got = munlock(P(first), n * PAGE);
    snprintf(call, sizeof(call), "mlock(%u+%u, %u)", first, n, kind);
    result(call, got);
    renew(first, n);
}

static void do_store(void)
{
    uint32_t first, n, at = chance(PAGE - 64);
    char call[40];

    random_range(&first, &n, 6);
    for (uint32_t i = first; i < first + n; i++) {
        snprintf(call, sizeof(call), "store(%u, %u)", i, at);
        result(call, pread(r.scratch, P(i) + at, 1 + chance(64), chance(200)));
    }
}

/* What was stored behind the end, into the last page, goes: else it is open whether it is in the
 * file when that grows. */
static void cut_tail(int fd)
{
    ftruncate(fd, lseek(fd, 0, SEEK_END));
}

static void do_file(void)
{
    uint32_t file = chance(FILES), pages = chance(FILE_PAGES + 1),
             more = chance(3) ? 0 : chance(PAGE);
    char call[60], bytes[100];

    cut_tail(r.file[file]);
    if (chance(2)) {
        snprintf(call, sizeof(call), "ftruncate(file %u, %u+%u)", file, pages, more);
        result(call, ftruncate(r.file[file], pages * PAGE + more));
        return;
    }
    memset(bytes, (int)('A' + chance(26)), sizeof(bytes));
    snprintf(call, sizeof(call), "pwrite(file %u, %u+%u)", file, pages, more);
    result(call, pwrite(r.file[file], bytes, sizeof(bytes), pages * PAGE + more));
}

/* A page's sum, or how it can't be read, by a call. */
static uint32_t page_sum(uint32_t page)
{
    const uint32_t *words = (const uint32_t *)P(page);
    uint32_t sum = 1;

    if (pwrite(r.scratch, words, PAGE, PAGE) != PAGE)
        return 0;
    for (uint32_t i = 0; i < PAGE / 4; i++)
        sum = (sum ^ words[i]) * 16777619u;
    return sum;
}

static void look(const char *who)
{
    char text[PAGES * 5 + 1];

    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t i = 0; i < PAGES / 2; i++) {
            uint32_t sum = page_sum(half * PAGES / 2 + i);

            snprintf(text + i * 5, 6, sum ? " %04x" : " ....", (sum ^ sum >> 16) & 0xffff);
        }
        note("%s%s", who, text);
    }
}

static void look_at_files(void)
{
    for (uint32_t i = 0; i < FILES; i++) {
        char bytes[PAGE];
        uint32_t sum = 0;
        off_t at = 0;
        ssize_t n;

        while ((n = pread(r.file[i], bytes, sizeof(bytes), at)) > 0) {
            for (ssize_t w = 0; w < n / 4; w++)
                sum = (sum ^ ((uint32_t *)bytes)[w]) * 16777619u;
            sum = sum_of(bytes + n / 4 * 4, (size_t)(n % 4), sum);
            at += n;
        }
        note("file %u: %08x of %u", i, sum, (unsigned)at);
    }
}

/* In the child: looks, and touches a page, which may be its end. */
static void child(uint32_t page, uint32_t how)
{
    volatile char *at = P(page) + 100;

    look("child");
    pread(r.scratch, P((page + 7) % PAGES), 9, 0);
    *(volatile uint32_t *)r.seen = r.digest;
    if (how)
        *at = 'c';
    else
        (void)*at;
    _exit(0);
}

static void do_fork(void)
{
    uint32_t page = chance(PAGES), how = chance(2);
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        child(page, how);
    waitpid(pid, &status, 0);
    note("child %s page %u: status %#x, saw %08x", how ? "wrote" : "read", page,
         pid < 0 ? 0xffffu : (unsigned)status, *(volatile uint32_t *)r.seen);
}

static void step(void)
{
    static void (*const steps[])(void) = {
        do_mmap,   do_mmap,   do_mmap,  do_munmap,  do_mprotect, do_mprotect,
        do_mremap, do_mremap, do_msync, do_madvise, do_madvise,  do_mincore,
        do_mlock,  do_store,  do_store, do_store,   do_file,     do_file,
    };
    uint32_t i = chance(sizeof(steps) / sizeof(steps[0]) + 1);

    if (i < sizeof(steps) / sizeof(steps[0]))
        steps[i]();
    else if (chance(2))
        do_fork();
}

/* Files with a page a letter, and a mapping before and behind the pages, so that none grows out. */
static void prepare(void)
{
    char page[PAGE], name[16];

    for (uint32_t i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "file%u", i);
        r.file[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        for (uint32_t n = 0; n < FILE_PAGES - 4 * i; n++) {
            page_fill(page, n + i * 7);
            pwrite(r.file[i], page, PAGE, n * PAGE);
        }
    }
    r.scratch = open("scratch", O_RDWR | O_CREAT | O_TRUNC, 0600);
    page_fill(page, 3);
    pwrite(r.scratch, page, PAGE, 0);
    window_clear();
    map(P(0) - PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, r.scratch, 3);
    map(P(PAGES), PAGE, RW, MAP_SHARED | MAP_FIXED, r.scratch, 5);
    r.seen = map(AT(0), PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void random_program(uint32_t seed, bool loud)
{
    r.random = seed * 2654435761u + 88172645u;
    r.random += !r.random;
    r.digest = 2166136261u;
    r.next_key = 1000;
    r.loud = loud;
    prepare();
    for (r.step = 1; r.step <= STEPS; r.step++) {
        step();
        if (r.step % LOOK_EVERY == 0)
            look("pages");
    }
    look_at_files();
    say("seed %u: %08x", (unsigned)seed, (unsigned)r.digest);
}
