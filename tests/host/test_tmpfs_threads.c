/* SPDX-License-Identifier: MIT
 *
 * The file system in memory under ThreadSanitizer: four threads on the same files and names. A
 * record is read as it was written, by whomever; what a thread appends stays whole; names come, go
 * and change places; pages are mapped and taken back meanwhile. In the end every frame is back.
 * SEED and SOAK from the environment.
 */
#include "tests/host/threads.h"

#include <pthread.h>

#include "fs/access.h"
#include "fs/file.h"
#include "include/uapi/errno.h"
#include "tests/host/fake_files.h"

#define THREADS 4
#define RECORDS 16u
#define RECORD  5000u
#define NAMES   6u
#define LINE    100u
#define LOOKS   100

struct worker {
    pthread_t thread;
    unsigned number;
    uint32_t random;
    struct file *log; /* its own, of the same name */
    uint8_t buf[RECORD];
};

static struct worker workers[THREADS];
static struct file *records, *cut;
static unsigned rounds;

static uint32_t below(struct worker *w, uint32_t n)
{
    return threads_below(&w->random, n);
}

/* All bytes of a record are one. */
static void on_record(struct worker *w)
{
    uint64_t pos = (uint64_t)below(w, RECORDS) * RECORD;

    if (below(w, 2)) {
        memset(w->buf, (int)(1 + below(w, 255)), RECORD);
        check(file_write_at(records, pos, (vaddr_t)w->buf, RECORD) == (int)RECORD);
    } else {
        check(file_read_at(records, pos, (vaddr_t)w->buf, RECORD) == (int)RECORD);
        for (unsigned i = 1; i < RECORD; i++)
            check(w->buf[i] == w->buf[0]);
    }
}

static void on_log(struct worker *w)
{
    memset(w->buf, (int)('a' + w->number), LINE);
    check(file_write(w->log, (vaddr_t)w->buf, LINE) == (int)LINE);
}

/* A file that grows and shrinks: bytes are zero or 'b'. */
static void on_cut(struct worker *w)
{
    uint32_t pos = below(w, 20000), page = pos >> PAGE_SHIFT;
    pfn_t pfn;
    int n;

    switch (below(w, 5)) {
    case 0: check(file_truncate(cut, pos) == 0); break;
    case 1: check(file_allocate(cut, 3, pos, 1 + below(w, 9000)) == 0); break;
    case 2:
        memset(w->buf, 'b', RECORD);
        check(file_write_at(cut, pos, (vaddr_t)w->buf, RECORD) == (int)RECORD);
        break;
    case 3: /* as a mapping does that reads */
        if (obj_get(cut->vnode->obj, page, &pfn, NULL) == 0)
            obj_put(pfn);
        break;
    default:
        n = file_read_at(cut, pos, (vaddr_t)w->buf, RECORD);
        for (int i = 0; i < n; i++)
            check(w->buf[i] == 0 || w->buf[i] == 'b');
    }
}

static void on_names(struct worker *w)
{
    char a[4] = {(char)('x' + below(w, 2)), '/', (char)('a' + below(w, NAMES)), 0};
    char b[4] = {(char)('x' + below(w, 2)), '/', (char)('a' + below(w, NAMES)), 0}, path[32];
    struct vnode *v;
    int ignored;

    switch (below(w, 8)) {
    case 0: ignored = vnode_make(NULL, a, S_IFREG | 0600, 0, NULL); break;
    case 1: ignored = vnode_make(NULL, a, S_IFDIR | 0700, 0, NULL); break;
    case 2: ignored = vnode_remove(NULL, a, false); break;
    case 3: ignored = vnode_remove(NULL, a, true); break;
    case 4: ignored = vnode_rename(NULL, a, NULL, b, 0); break;
    case 5: ignored = vnode_rename(NULL, a, NULL, b, RENAME_EXCHANGE); break;
    case 6:
        ignored = vnode_lookup(NULL, a, false, &v);
        if (!ignored) {
            ignored = vnode_path(v, path, sizeof(path));
            ignored = vnode_link(v, NULL, b);
            vnode_unref(v);
        }
        break;
    default: ignored = vnode_make(NULL, a, S_IFLNK | 0777, 0, b); break;
    }
    (void)ignored;
}

static void set_attr(struct vnode *v, uint32_t mask, uint32_t value)
{
    struct attr a = {.mask = mask, .uid = value, .gid = value, .mode = value};

    check(vnode_setattr(v, &a) == 0);
}

/* A program of user 5 that is set-user-ID becomes root's and comes back, by one thread; who reads
 * its owner never meets root's with the bit on. */
static void on_owner(struct worker *w)
{
    struct vnode *v = cut->vnode;
    struct vnode_owner o;

    for (unsigned i = 0; w->number == 0 && i < LOOKS; i++) {
        set_attr(v, ATTR_UID | ATTR_GID, 5);
        set_attr(v, ATTR_MODE, 04755);
        set_attr(v, ATTR_UID | ATTR_GID, 0);
    }
    for (unsigned i = 0; w->number != 0 && i < LOOKS; i++) {
        o = vnode_owner(v);
        check(o.uid == 5 || !(o.mode & S_ISUID));
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;

    for (unsigned i = 0; i < rounds; i++) {
        on_record(w);
        on_log(w);
        on_cut(w);
        on_owner(w);
        for (int k = 0; k < 4; k++)
            on_names(w);
        if (i % 64 == w->number)
            frame_free(frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER));
    }
    return NULL;
}

static struct file *new_file(const char *name, uint32_t flags)
{
    struct file *f;

    assert_int_equal(vnode_open(NULL, name, O_RDWR | O_CREAT | flags, 0600, &f), 0);
    return f;
}

static void remove_names(const char *dir)
{
    for (unsigned i = 0; i < NAMES; i++) {
        char path[4] = {dir[0], '/', (char)('a' + i), 0};

        if (vnode_remove(NULL, path, false) == -EISDIR)
            assert_int_equal(vnode_remove(NULL, path, true), 0);
    }
    assert_int_equal(vnode_remove(NULL, dir, true), 0);
}

static void check_log(void)
{
    uint8_t line[LINE];
    uint64_t pos = 0;

    while (file_read_at(workers[0].log, pos, (vaddr_t)line, LINE) == (int)LINE) {
        for (unsigned i = 1; i < LINE; i++)
            assert_int_equal(line[i], line[0]);
        pos += LINE;
    }
    assert_int_equal(pos, (uint64_t)THREADS * rounds * LINE);
}

static void four_at_once(void **state)
{
    uint32_t before;

    (void)state;
    fake_files(8000);
    before = fake_in_use();
    fake_faults = 3; /* of the log's lines: then others append in between */
    fake_fault_bytes = LINE;
    rounds = testing_count(300, 10000);
    records = new_file("records", 0);
    cut = new_file("cut", 0);
    assert_int_equal(file_truncate(records, RECORDS * RECORD), 0);
    assert_int_equal(vnode_make(NULL, "x", S_IFDIR | 0700, 0, NULL), 0);
    assert_int_equal(vnode_make(NULL, "y", S_IFDIR | 0700, 0, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].random = testing_random();
        workers[i].log = new_file("log", O_APPEND);
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    check_log();
    assert_int_equal(fake_check(), 0);
    file_unref(records);
    for (unsigned i = 0; i < THREADS; i++)
        file_unref(workers[i].log);
    file_unref(cut);
    remove_names("x");
    remove_names("y");
    assert_int_equal(vnode_remove(NULL, "records", false), 0);
    assert_int_equal(vnode_remove(NULL, "log", false), 0);
    assert_int_equal(vnode_remove(NULL, "cut", false), 0);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(four_at_once)};

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
