/* SPDX-License-Identifier: MIT
 *
 * Pipes on the host: against a model that knows bytes and room alone; the pool that all pipes
 * share; without memory; what pollers are told. Nothing sleeps here: what would is counted, and
 * answered as a kill.
 */
#include "tests/host/testing.h"

#include <string.h>

#include "fs/eventfd.h"
#include "fs/pipe.h"
#include "fs/pipe_impl.h"
#include "fs/socket.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/cpu.h"
#include "tests/host/fake_files.h"
#include "tests/host/fake_hat.h"

#define MODEL_BYTES PIPE_BYTES_MAX

static struct {
    uint32_t fail_after; /* allocations until one fails; 0: none does */
    bool failed;
    unsigned sleeps;
} host;

pfn_t __real_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
void *__real_slab_alloc(struct slab_cache *c);
pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
void *__wrap_slab_alloc(struct slab_cache *c);
void *__real_kmalloc(size_t bytes);
void *__wrap_kmalloc(size_t bytes);
int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns);

static bool fails(void)
{
    if (!host.fail_after || --host.fail_after)
        return false;
    host.failed = true;
    return true;
}

pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    return fails() ? NO_PFN : __real_frame_alloc(type, owner, index, flags);
}

void *__wrap_slab_alloc(struct slab_cache *c)
{
    return fails() ? NULL : __real_slab_alloc(c);
}

void *__wrap_kmalloc(size_t bytes)
{
    return fails() ? NULL : __real_kmalloc(bytes);
}

int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns)
{
    (void)until_ns;
    assert_true(interruptible);
    host.sleeps++;
    spin_unlock_irq(&q->lock, mask);
    return -EINTR;
}

static uint8_t sent[MODEL_BYTES + PAGE_SIZE], got[MODEL_BYTES + PAGE_SIZE];

static uint32_t frames_of_pipes(void)
{
    uint32_t most;

    return pipe_frames(&most);
}

/* Bytes in the pipe and how many more it takes, page by page. */
struct model {
    uint32_t npages, head, tail;
};

static uint32_t model_room(const struct model *m)
{
    return m->npages * PAGE_SIZE - (m->head - (m->tail & ~PAGE_MASK));
}

static int model_write(struct model *m, uint32_t len)
{
    uint32_t room = model_room(m), n = MIN(len, room);

    if (len && (len <= PIPE_BUF ? room < len : room == 0))
        return -EAGAIN;
    m->head += n;
    return (int)n;
}

static int model_read(struct model *m, uint32_t len)
{
    uint32_t n = MIN(len, m->head - m->tail);

    if (len && !n)
        return -EAGAIN;
    m->tail += n;
    if (n && m->tail == m->head)
        m->head = m->tail = (m->tail - 1) & ~PAGE_MASK;
    return (int)n;
}

static uint32_t random_len(void)
{
    static const uint32_t most[] = {3, 100, 4097, 9000, 70000};

    return testing_below(most[testing_below(5)]);
}

/* Any sequence of reads, writes and sizes gives what the model says, and the bytes in order. */
static void model_agrees(void **state)
{
    uint32_t before = fake_in_use(), in = 0, out = 0;
    struct model m = {PIPE_BYTES / PAGE_SIZE, 0, 0};
    struct file *end[2] = {NULL, NULL};

    (void)state;
    assert_int_equal(pipe_create(O_NONBLOCK, end), 0);
    for (unsigned step = 0; step < 60000; step++) {
        uint32_t len = random_len(), kind = testing_below(100);
        int n;

        if (kind < 50) {
            for (uint32_t i = 0; i < len; i++)
                sent[i] = (uint8_t)((in + i) * 2654435761u >> 24);
            n = file_write(end[1], (vaddr_t)sent, len);
            assert_int_equal(n, model_write(&m, len));
            in += (uint32_t)MAX(n, 0);
        } else if (kind < 99) {
            n = file_read(end[0], (vaddr_t)got, len);
            assert_int_equal(n, model_read(&m, len));
            for (int i = 0; i < n; i++)
                assert_int_equal(got[i], (uint8_t)((out + (unsigned)i) * 2654435761u >> 24));
            out += (uint32_t)MAX(n, 0);
        } else {
            uint32_t npages = 1u << testing_below(6);
            uint32_t used =
                m.head == m.tail ? 0 : (m.head - 1) / PAGE_SIZE - m.tail / PAGE_SIZE + 1;

            n = pipe_set_capacity(end[0], npages * PAGE_SIZE - 5);
            assert_int_equal(n, used > npages ? -EBUSY : (int)(npages * PAGE_SIZE));
            if (n > 0)
                m.npages = npages;
        }
        assert_int_equal(pipe_filled(end[0]->vnode->pipe), in - out);
        assert_true(frames_of_pipes() <= m.npages);
    }
    file_unref(end[1]);
    assert_int_equal(file_read(end[0], (vaddr_t)got, 100), MIN(100u, in - out));
    file_unref(end[0]);
    assert_int_equal(frames_of_pipes(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(host.sleeps, 0);
}

/* All pipes hold an eighth of memory, and each one page beyond that. */
static void pool_ends(void **state)
{
    enum { MANY = 60 };
    struct file *end[MANY][2] = {{NULL}};
    uint32_t before = fake_in_use(), most;

    (void)state;
    pipe_frames(&most);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(pipe_create(O_NONBLOCK, end[i]), 0);
        assert_true(file_write(end[i][1], (vaddr_t)sent, 100) == 100);
        while (file_write(end[i][1], (vaddr_t)sent, 1 + 5000 * (i % 2)) > 0)
            continue;
        assert_true(frames_of_pipes() <= most + (uint32_t)i + 1);
        if (frames_of_pipes() > most)
            assert_int_equal(file_poll(end[i][1], NULL), 0);
    }
    assert_true(frames_of_pipes() >= most);
    /* Once empty, the last one takes what stays together. */
    while (file_read(end[MANY - 1][0], (vaddr_t)got, 3000) > 0)
        continue;
    assert_int_equal(file_poll(end[MANY - 1][1], NULL), POLL_WRITE);
    assert_int_equal(file_write(end[MANY - 1][1], (vaddr_t)sent, PIPE_BUF), PIPE_BUF);
    assert_int_equal(file_write(end[MANY - 1][1], (vaddr_t)sent, 1), -EAGAIN);
    for (int i = 0; i < MANY; i++) {
        file_unref(end[i][0]);
        assert_int_equal(file_write(end[i][1], (vaddr_t)sent, 1), -EPIPE);
        file_unref(end[i][1]);
    }
    assert_int_equal(frames_of_pipes(), 0);
    assert_int_equal(fake_in_use(), before);
}

/* Everything that needs memory, with the n-th allocation failing. */
static void use_all(void)
{
    struct file *end[2] = {NULL, NULL}, *f;

    if (!pipe_create(O_NONBLOCK, end)) {
        int n = file_write(end[1], (vaddr_t)sent, PIPE_BUF);

        assert_true(n == PIPE_BUF || (n == -ENOMEM && host.failed));
        n = file_write(end[1], (vaddr_t)sent, 3 * PAGE_SIZE);
        assert_true(n == 3 * PAGE_SIZE || host.failed);
        n = pipe_set_capacity(end[0], PIPE_BYTES_MAX);
        assert_true(n == (int)PIPE_BYTES_MAX || (n == -ENOMEM && host.failed));
        file_unref(end[0]);
        file_unref(end[1]);
    }
    if (!socket_pair(O_NONBLOCK, end)) {
        assert_true(file_write(end[1], (vaddr_t)sent, 10) == 10 || host.failed);
        file_unref(end[0]);
        file_unref(end[1]);
    }
    if (!eventfd_create(1, 0, false, &f))
        file_unref(f);
    if (!vnode_make(NULL, "fifo", S_IFIFO | 0600, 0, NULL)) {
        if (!vnode_open(NULL, "fifo", O_RDWR, 0, &f))
            file_unref(f);
        assert_int_equal(vnode_remove(NULL, "fifo", false), 0);
    }
}

static void without_memory(void **state)
{
    uint32_t before;

    (void)state;
    use_all();
    before = fake_in_use();
    for (uint32_t n = 1;; n++) {
        host.failed = false;
        host.fail_after = n;
        use_all();
        host.fail_after = 0;
        assert_int_equal(frames_of_pipes(), 0);
        assert_int_equal(fake_in_use(), before);
        if (!host.failed)
            break;
    }
}

/* Whoever is entered hears of each change that its events are made of. */
static void pollers_hear(void **state)
{
    struct file *end[2] = {NULL, NULL};
    struct poll_thread w;

    (void)state;
    assert_int_equal(pipe_create(O_NONBLOCK, end), 0);
    poll_begin(&w);
    for (int i = 0; i < 100; i++) /* more than lie on the stack or in one piece */
        assert_int_equal(file_poll(end[0], &w.wait), 0);
    assert_false(w.changed);
    assert_int_equal(file_write(end[1], (vaddr_t)sent, 1), 1);
    assert_true(w.changed);
    assert_int_equal(poll_sleep(&w, UINT64_MAX), 0);
    assert_false(w.changed);
    assert_int_equal(poll_sleep(&w, UINT64_MAX), -EINTR);
    file_unref(end[1]);
    assert_true(w.changed);
    assert_int_equal(file_poll(end[0], NULL), POLL_READ | POLLHUP);
    file_unref(end[0]); /* the entries keep the file */
    poll_end(&w);
    assert_int_equal(frames_of_pipes(), 0);
}

static void writers_hear(void **state)
{
    struct file *end[2] = {NULL, NULL};
    struct poll_thread w;

    (void)state;
    assert_int_equal(pipe_create(O_NONBLOCK, end), 0);
    assert_int_equal(file_write(end[1], (vaddr_t)sent, PIPE_BYTES), PIPE_BYTES);
    poll_begin(&w);
    assert_int_equal(file_poll(end[1], &w.wait), 0);
    assert_int_equal(file_read(end[0], (vaddr_t)got, PIPE_BUF - 1), PIPE_BUF - 1);
    assert_false(w.changed); /* no room that counts */
    assert_int_equal(file_read(end[0], (vaddr_t)got, 1), 1);
    assert_true(w.changed);
    assert_int_equal(file_poll(end[1], NULL), POLL_WRITE);
    w.changed = false;
    file_unref(end[0]);
    assert_true(w.changed);
    assert_int_equal(file_poll(end[1], NULL), POLL_WRITE | POLLERR);
    poll_end(&w);
    file_unref(end[1]);
}

static void no_memory_to_wait(void **state)
{
    struct file *end[POLL_ENTRIES_SMALL + 1][2] = {{NULL}};
    struct poll_thread w;

    (void)state;
    for (unsigned i = 0; i <= POLL_ENTRIES_SMALL; i++)
        assert_int_equal(pipe_create(O_NONBLOCK, end[i]), 0);
    poll_begin(&w);
    for (unsigned i = 0; i < POLL_ENTRIES_SMALL; i++)
        file_poll(end[i][0], &w.wait);
    host.fail_after = 1;
    for (unsigned i = 0; i < POLL_ENTRIES_SMALL; i++)
        file_poll(end[POLL_ENTRIES_SMALL - 1][0], &w.wait); /* it stands there already */
    file_poll(end[POLL_ENTRIES_SMALL][0], &w.wait);
    assert_int_equal(poll_sleep(&w, UINT64_MAX), -ENOMEM);
    poll_end(&w);
    for (unsigned i = 0; i <= POLL_ENTRIES_SMALL; i++) {
        file_unref(end[i][0]);
        file_unref(end[i][1]);
    }
}

/* Who would wait for the other end, data or room sleeps, and leaves no trace when it is killed. */
static void sleepers_leave(void **state)
{
    struct file *end[2] = {NULL, NULL}, *f;

    (void)state;
    host.sleeps = 0;
    assert_int_equal(pipe_create(0, end), 0);
    assert_int_equal(file_read(end[0], (vaddr_t)got, 1), -EINTR);
    assert_int_equal(file_write(end[1], (vaddr_t)sent, PIPE_BYTES + 1), PIPE_BYTES);
    assert_int_equal(file_write(end[1], (vaddr_t)sent, 1), -EINTR);
    file_unref(end[0]);
    file_unref(end[1]);
    assert_int_equal(vnode_make(NULL, "fifo", S_IFIFO | 0600, 0, NULL), 0);
    assert_int_equal(vnode_open(NULL, "fifo", O_RDONLY, 0, &f), -EINTR);
    assert_int_equal(vnode_open(NULL, "fifo", O_WRONLY, 0, &f), -EINTR);
    assert_int_equal(vnode_open(NULL, "fifo", O_WRONLY | O_NONBLOCK, 0, &f), -ENXIO);
    assert_int_equal(vnode_open(NULL, "fifo", O_RDONLY | O_NONBLOCK, 0, &f), 0);
    assert_int_equal(file_read(f, (vaddr_t)got, 1), 0); /* no writer is left */
    file_unref(f);
    assert_int_equal(vnode_remove(NULL, "fifo", false), 0);
    assert_int_equal(host.sleeps, 5);
}

static int setup(void **state)
{
    (void)state;
    fake_files(2048);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_agrees),   cmocka_unit_test(pool_ends),
        cmocka_unit_test(without_memory), cmocka_unit_test(pollers_hear),
        cmocka_unit_test(writers_hear),   cmocka_unit_test(no_memory_to_wait),
        cmocka_unit_test(sleepers_leave),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
