/* SPDX-License-Identifier: MIT
 *
 * Tables of descriptors on the host: against a model of one array, with descriptors all over the
 * range, copies, exec and allocations that fail; every file's references are counted again.
 */
#include "tests/host/testing.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/fake_files.h"

#define NFILES 7
#define ROUNDS 40000

static struct {
    struct file *file[NFILES];
    bool no_memory;
    unsigned failed;
} host;

/* What a table is: which file, from 1, and the bit. */
struct model {
    uint8_t file[FD_MAX], cloexec[FD_MAX];
    int most;
};

void *__real_slab_alloc(struct slab_cache *c);
void *__wrap_slab_alloc(struct slab_cache *c);

void *__wrap_slab_alloc(struct slab_cache *c)
{
    if (!host.no_memory)
        return __real_slab_alloc(c);
    host.failed++;
    return NULL;
}

static unsigned next_random(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33);
}

/* Low ones often, the ends of groups and parts, any, and some that are none. */
static int some_fd(void)
{
    static const int at[] = {-1, 0, 31, 32, 33, 63, 64, 511, 512, 1023, 1024, 4095, 4096, 1 << 30};

    switch (next_random() % 4) {
    case 0: return at[next_random() % ARRAY_SIZE(at)];
    case 1: return (int)(next_random() % FD_MAX);
    default: return (int)(next_random() % 70);
    }
}

static void agrees(struct fdtable *t, const struct model *m)
{
    int seen = 0;

    for (int fd = 0; fd < FD_MAX; fd++) {
        struct file *f = fdtable_get(t, fd);

        if (!m->file[fd]) {
            assert_null(f);
            assert_int_equal(fdtable_get_cloexec(t, fd), -EBADF);
            continue;
        }
        assert_ptr_equal(f, host.file[m->file[fd] - 1]);
        file_unref(f);
        assert_int_equal(fdtable_get_cloexec(t, fd), m->cloexec[fd]);
        assert_true(fd < fdtable_size(t));
        assert_int_equal(fdtable_next(t, seen, NULL, NULL), fd);
        seen = fd + 1;
    }
    assert_int_equal(fdtable_next(t, seen, NULL, NULL), -EBADF);
}

/* The references are the models' and one of the test. */
static void count_refs(const struct model *m, unsigned nmodels)
{
    uint32_t refs[NFILES] = {0};

    for (unsigned i = 0; i < nmodels; i++)
        for (int fd = 0; fd < FD_MAX; fd++)
            if (m[i].file[fd])
                refs[m[i].file[fd] - 1]++;
    for (unsigned i = 0; i < NFILES; i++)
        assert_int_equal(host.file[i]->refs, refs[i] + 1);
}

static int model_add(const struct model *m, int from)
{
    if (from < 0)
        return -EINVAL;
    for (; from < m->most; from++)
        if (!m->file[from])
            return from;
    return -EMFILE;
}

static void put(struct fdtable *t, struct model *m, int fd, bool add)
{
    unsigned which = next_random() % NFILES;
    bool cloexec = next_random() % 2;
    int want = add ? model_add(m, fd) : fd >= 0 && fd < m->most ? fd : -EBADF, got;

    file_ref(host.file[which]);
    got = add ? fdtable_add(t, host.file[which], fd, cloexec)
              : fdtable_set(t, host.file[which], fd, cloexec);
    if (got != -ENOMEM || !host.no_memory)
        assert_int_equal(got, want);
    if (got < 0) {
        file_unref(host.file[which]);
        return;
    }
    m->file[got] = (uint8_t)(which + 1);
    m->cloexec[got] = cloexec;
}

static void take(struct fdtable *t, struct model *m, int fd)
{
    bool used = fd >= 0 && fd < FD_MAX && m->file[fd];

    assert_int_equal(fdtable_close(t, fd), used ? 0 : -EBADF);
    if (used)
        m->file[fd] = m->cloexec[fd] = 0;
}

static void step(struct fdtable *t, struct model *m)
{
    int fd = some_fd();

    switch (next_random() % 8) {
    case 0:
    case 1: put(t, m, fd, false); break;
    case 2:
    case 3: put(t, m, fd, true); break;
    case 4: {
        bool used = fd >= 0 && fd < FD_MAX && m->file[fd], bit = next_random() % 2;

        assert_int_equal(fdtable_set_cloexec(t, fd, bit), used ? 0 : -EBADF);
        if (used)
            m->cloexec[fd] = bit;
        break;
    }
    case 5:
        if (next_random() % 16 == 0) {
            m->most = fd < 0 ? 0 : MIN(fd, FD_MAX);
            fdtable_set_most(t, m->most);
        }
        break;
    default: take(t, m, fd); break;
    }
}

static void model_exec(struct model *m)
{
    for (int fd = 0; fd < FD_MAX; fd++)
        if (m->cloexec[fd])
            m->file[fd] = m->cloexec[fd] = 0;
}

static void model_agrees(void **state)
{
    static struct model m[2];
    struct fdtable *t = fdtable_create(), *copy;

    (void)state;
    memset(m, 0, sizeof(m));
    m[0].most = FD_SOFT;
    for (unsigned i = 0; i < ROUNDS; i++) {
        host.no_memory = i % 1000 < 100;
        step(t, &m[0]);
        if (i % 500)
            continue;
        copy = fdtable_copy(t);
        assert_true(copy || host.no_memory);
        if (copy) {
            m[1] = m[0];
            agrees(copy, &m[1]);
            count_refs(m, 2);
            fdtable_exec(copy);
            model_exec(&m[1]);
            agrees(copy, &m[1]);
            count_refs(m, 2);
            fdtable_unref(copy);
        }
        agrees(t, &m[0]);
        count_refs(m, 1);
    }
    host.no_memory = false;
    assert_true(host.failed > 0);
    fdtable_unref(t);
    count_refs(m, 0);
}

/* A copy takes only the parts with something in them, and fails whole. */
static void copies(void **state)
{
    struct fdtable *t = fdtable_create(), *copy;
    uint32_t empty = fdtable_bytes(t);

    (void)state;
    assert_int_equal(fdtable_set(t, file_ref(host.file[0]), 600, false), 600);
    assert_int_equal(fdtable_set(t, file_ref(host.file[1]), 33, false), 33);
    assert_int_equal(fdtable_close(t, 600), 0);
    copy = fdtable_copy(t);
    assert_non_null(copy);
    assert_int_equal(fdtable_bytes(t), empty + 2 * sizeof(struct fd_part));
    assert_int_equal(fdtable_bytes(copy), empty + sizeof(struct fd_part));
    fdtable_unref(copy);
    host.no_memory = true;
    assert_null(fdtable_copy(t));
    host.no_memory = false;
    fdtable_unref(t);
    assert_int_equal(host.file[1]->refs, 1);
}

static int setup(void **state)
{
    (void)state;
    fake_files(2048);
    for (unsigned i = 0; i < NFILES; i++) {
        char name[] = {'f', (char)('0' + i), 0};

        assert_int_equal(vnode_open(NULL, name, O_CREAT | O_RDWR, 0600, &host.file[i]), 0);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_agrees),
        cmocka_unit_test(copies),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
