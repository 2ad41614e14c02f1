/* SPDX-License-Identifier: MIT
 *
 * Several processes on the same files and in the same directory at once: records whose checksums
 * must come out, appended lines that stay whole, names that are made, renamed and removed by all, a
 * file system that becomes read-only and writable again.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "files.h"

#define WORKERS 4
#define RECORDS 64u
#define RECORD  3000u /* bytes: two in most pages */
#define NAMES   8

struct record {
    uint32_t sum, owner, count;
    uint8_t bytes[RECORD - 12];
};

static uint32_t rounds;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static uint32_t sum_of(const struct record *r)
{
    uint32_t sum = r->owner * 31 + r->count;

    for (size_t i = 0; i < sizeof r->bytes; i++)
        sum = sum * 33 + r->bytes[i];
    return sum;
}

/* Runs work in every worker; all must end with 0. */
static void run_all(int (*work)(uint32_t worker))
{
    int status, good = 0;

    fflush(stdout);
    for (uint32_t i = 0; i < WORKERS; i++)
        if (fork() == 0)
            _exit(work(i));
    while (wait(&status) > 0)
        good += tap_exited_with(status, 0);
    CHECK_EQ(good, WORKERS);
}

/* Where a page of the user's must be brought in the middle of a copy, the kernel lets others in. */
static bool is_torn_by_chaos(void)
{
    char *text = file_read_all("/proc/cmdline", NULL);
    bool chaos = !text || strstr(text, "hat=chaos");

    free(text);
    return chaos;
}

static bool torn;

/* Writes and reads records of one file; a read sees a whole write. */
static int on_records(uint32_t worker)
{
    static struct record r;
    uint32_t random = worker + 1;
    long fd = files_open("records", O_RDWR, 0);

    memset(&r, 0, sizeof r); /* our own pages from here on: a copy into them is not interrupted */
    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t at = next_random(&random) % RECORDS * RECORD;

        if (next_random(&random) % 2) {
            r.owner = worker;
            r.count = n;
            memset(r.bytes, (int)(worker * 16 + n), sizeof r.bytes);
            r.sum = sum_of(&r);
            if (sys_raw(SYS_pwrite64, fd, &r, RECORD, 0, at, 0) != RECORD)
                return 1;
        } else {
            if (sys_raw(SYS_pread64, fd, &r, RECORD, 0, at, 0) != RECORD)
                return 2;
            if (r.sum != sum_of(&r) && !torn)
                return 3;
        }
    }
    return 0;
}

static void test_records(void)
{
    static struct record empty;
    struct record *r;

    files_begin("storm");
    long fd = files_open("records", CREATE, 0600);
    empty.sum = sum_of(&empty);
    for (uint32_t i = 0; i < RECORDS; i++)
        CHECK_EQ(sys_raw(SYS_write, fd, &empty, RECORD), RECORD);
    rounds = tap_count(300, 20000);
    torn = is_torn_by_chaos();
    run_all(on_records);
    r = mmap(NULL, RECORDS * RECORD, PROT_READ, MAP_PRIVATE, (int)fd, 0);
    CHECK(r != MAP_FAILED);
    for (uint32_t i = 0; i < RECORDS; i++)
        CHECK(torn || r[i].sum == sum_of(&r[i]));
    CHECK_EQ(munmap(r, RECORDS * RECORD), 0);
    CHECK_EQ(files_unlink("records"), 0);
    files_end("storm");
}

/* Appends lines of its own letter. */
static int appending(uint32_t worker)
{
    char line[100];
    long fd = files_open("log", O_WRONLY | LINUX_O_APPEND, 0);

    memset(line, (int)('a' + worker), sizeof line);
    line[sizeof line - 1] = '\n';
    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t len = 50 + n % 50;

        if (sys_raw(SYS_write, fd, line + sizeof line - len, len) != (long)len)
            return 1;
    }
    return 0;
}

static void test_append(void)
{
    size_t len;
    char *text;
    uint32_t lines = 0;

    files_begin("append");
    files_put("log", "");
    rounds = tap_count(300, 10000);
    run_all(appending);
    text = file_read_all("log", &len);
    CHECK(text != NULL);
    for (char *p = text; p < text + len; lines++) {
        char *end = memchr(p, '\n', (size_t)(text + len - p));
        CHECK(end && end - p >= 49);
        for (char *q = p; q < end; q++)
            CHECK(*q == *p);
        p = end + 1;
    }
    CHECK_EQ(lines, WORKERS * rounds);
    CHECK_EQ(files_unlink("log"), 0);
    files_end("append");
}

/* One step on names that all share; any error that can be is fine. */
static long name_step(uint32_t *random, uint32_t worker)
{
    static const char page[8192];
    char a[24], b[24];

    sprintf(a, "%c/%u", 'x' + (int)(next_random(random) % 2),
            (unsigned)(next_random(random) % NAMES));
    sprintf(b, "%c/%u", 'x' + (int)(next_random(random) % 2),
            (unsigned)(next_random(random) % NAMES));
    switch (next_random(random) % 9) {
    case 0: return sys_raw(SYS_mknod, a, S_IFREG | 0600, 0);
    case 1: return files_unlink(a);
    case 2: return files_rename(a, b);
    case 3: return sys_raw(SYS_renameat2, HERE, a, HERE, b, 2);
    case 4: return sys_raw(SYS_link, a, b);
    case 5: return files_mkdir(a);
    case 6: return sys_raw(SYS_rmdir, a);
    case 7: return sys_raw(SYS_symlink, a, b);
    default: break;
    }
    long fd = files_open(a, CREATE | (worker % 2 ? LINUX_O_TRUNC : 0), 0600);
    if (fd < 0)
        return fd;
    sys_raw(SYS_write, fd, page, worker * 2000);
    return sys_raw(SYS_close, fd);
}

static int on_names(uint32_t worker)
{
    static const long possible[] = {-ENOENT,          -EEXIST, -EISDIR, -ENOTDIR,
                                    -LINUX_ENOTEMPTY, -EINVAL, -EPERM,  -LINUX_ELOOP};
    uint32_t random = 77 * worker + 5;

    for (uint32_t n = 0; n < rounds; n++) {
        long error = name_step(&random, worker);
        bool fine = error >= 0;

        for (size_t i = 0; !fine && i < TAP_COUNT(possible); i++)
            fine = error == possible[i];
        if (!fine) {
            printf("# error %ld\n", error);
            return 1;
        }
    }
    return 0;
}

static void test_names(void)
{
    files_begin("names");
    CHECK_EQ(files_mkdir("x"), 0);
    CHECK_EQ(files_mkdir("y"), 0);
    rounds = tap_count(1000, 50000);
    run_all(on_names);
    files_remove_below(".");
    files_end("names");
}

/* Cuts and lengthens a file that others read and write: no byte is another's. */
static int on_size(uint32_t worker)
{
    static uint8_t bytes[9000];
    uint32_t random = worker + 9;
    long fd = files_open("f", O_RDWR, 0);

    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t at = next_random(&random) % 20000, len = next_random(&random) % sizeof bytes;
        long got;

        if (worker == 0) {
            if (sys_raw(SYS_ftruncate64, fd, 0, at, 0))
                return 1;
        } else if (worker == 1) {
            memset(bytes, 'b', sizeof bytes);
            if (sys_raw(SYS_pwrite64, fd, bytes, len, 0, at, 0) != (long)len)
                return 2;
        } else {
            got = sys_raw(SYS_pread64, fd, bytes, len, 0, at, 0);
            for (long i = 0; i < got; i++)
                if (bytes[i] != 0 && bytes[i] != 'b')
                    return 3;
        }
    }
    return 0;
}

static void test_size(void)
{
    files_begin("size");
    files_put("f", "");
    rounds = tap_count(500, 20000);
    run_all(on_size);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("size");
}

#define SYS_mount   21
#define SYS_umount2 52
#define MS_RDONLY   1u
#define MS_REMOUNT  32u

static volatile int *read_only; /* the file system is; shared */

/* The first worker changes it, the others have the file open for writing for a moment. */
static int on_mount(uint32_t worker)
{
    uint32_t changes = 0;

    for (uint32_t n = 0; n < rounds; n++) {
        long fd;

        if (worker == 0) {
            long error = sys_raw(SYS_mount, 0, "m", 0, MS_REMOUNT | MS_RDONLY, 0);

            if (error && error != -EBUSY)
                return 4;
            if (error)
                continue;
            changes++;
            *read_only = 1;
            sys_raw(SYS_sched_yield);
            *read_only = 0;
            if (sys_raw(SYS_mount, 0, "m", 0, MS_REMOUNT, 0))
                return 1;
            continue;
        }
        fd = files_open("m/f", O_WRONLY, 0);
        if (fd >= 0 && *read_only)
            return 2;
        if (fd < 0 && fd != -EROFS)
            return 3;
        if (fd >= 0)
            close((int)fd);
        for (uint32_t i = worker * 10; i > 0; i--)
            sys_raw(SYS_getpid);
    }
    return worker == 0 && !changes ? 5 : 0;
}

static void test_mount(void)
{
    files_begin("mounts");
    CHECK_EQ(files_mkdir("m"), 0);
    CHECK_EQ(sys_raw(SYS_mount, "none", "m", "tmpfs", 0, 0), 0);
    files_put("m/f", "");
    read_only = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK((void *)read_only != MAP_FAILED);
    rounds = tap_count(10000, 1000000);
    run_all(on_mount);
    CHECK_EQ(sys_raw(SYS_umount2, "m", 0), 0);
    CHECK_EQ(sys_raw(SYS_rmdir, "m"), 0);
    files_end("mounts");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"records of one file", test_records},          {"lines appended by all", test_append},
        {"names in the same directories", test_names},  {"a file that is cut meanwhile", test_size},
        {"no writer in what is read-only", test_mount},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
