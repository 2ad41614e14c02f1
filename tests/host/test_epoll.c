/* SPDX-License-Identifier: MIT
 *
 * epoll on the host: what happens while a thread asks a watched file, which holds no lock then: it
 * is woken, changed, deleted, closed, or another thread waits. A driver of the test's own does that
 * in its poll operation. And without memory; epolls in epolls.
 */
#include "tests/host/testing.h"

#include <string.h>

#include "fs/epoll_impl.h"
#include "fs/eventfd.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/cpu.h"
#include "tests/host/fake_files.h"
#include "tests/host/fake_hat.h"

#define FD 7 /* any number */

static struct {
    uint32_t fail_after; /* allocations until one fails; 0: none does */
    bool failed;
    unsigned sleeps;
} host;

void *__real_slab_alloc(struct slab_cache *c);
void *__wrap_slab_alloc(struct slab_cache *c);
int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns);

void *__wrap_slab_alloc(struct slab_cache *c)
{
    if (host.fail_after && --host.fail_after == 0) {
        host.failed = true;
        return NULL;
    }
    return __real_slab_alloc(c);
}

int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns)
{
    (void)interruptible;
    host.sleeps++;
    spin_unlock_irq(&q->lock, mask);
    return until_ns == UINT64_MAX ? -EINTR : -ETIMEDOUT;
}

/* A device with one head. */
static struct {
    struct vnode vnode;
    struct poll_head head;
    struct file *file, *ep;
    uint32_t events;
    unsigned heads;          /* times that it enters who polls */
    void (*meanwhile)(void); /* once, after it looked */
    bool released;
} dev;

static struct epoll_event got[8];

static uint32_t dev_poll(struct file *f, struct poll_wait *w)
{
    void (*meanwhile)(void) = dev.meanwhile;
    uint32_t events = dev.events;

    for (unsigned i = 0; i < dev.heads; i++)
        poll_add(w, &dev.head, f);
    dev.meanwhile = NULL;
    if (meanwhile)
        meanwhile();
    return events;
}

static void dev_release(struct vnode *v)
{
    (void)v;
    dev.released = true;
}

static const struct vnode_ops dev_ops = {.poll = dev_poll};
static const struct fs dev_fs = {.type = "test", .release = dev_release};

static int add(struct file *ep, struct file *f, uint32_t events)
{
    struct epoll_event e = {events, 0, 0x123456789abcull};

    return epoll_control(ep, EPOLL_ADD, f, FD, &e);
}

static void dev_begin(uint32_t events)
{
    memset(&dev, 0, sizeof(dev));
    dev.heads = 1;
    vnode_init_unnamed(&dev.vnode, &dev_ops, &dev_fs, 0600);
    poll_head_init(&dev.head, POLLIN);
    assert_int_equal(file_open(&dev.vnode, O_RDONLY, NULL, &dev.file), 0);
    assert_int_equal(epoll_create(&dev.ep), 0);
    assert_int_equal(add(dev.ep, dev.file, events), 0);
}

static void dev_end(void)
{
    if (dev.file)
        file_unref(dev.file);
    assert_true(dev.released);
    assert_true(list_empty(&dev.head.entries));
    file_unref(dev.ep);
}

static int ready(struct file *ep)
{
    return epoll_wait(ep, (vaddr_t)got, 8, 0);
}

static void wakes(void)
{
    dev.events = POLLIN;
    poll_wake(&dev.head);
}

/* Woken while it has nothing yet, and while it is told: in both cases it is told then. */
static void woken_meanwhile(void **state)
{
    (void)state;
    dev_begin(POLLIN | EPOLL_EDGE);
    assert_int_equal(ready(dev.ep), 0);
    poll_wake(&dev.head);
    dev.meanwhile = wakes;
    assert_int_equal(ready(dev.ep), 0);
    dev.meanwhile = wakes;
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(got[0].data, 0x123456789abcull);
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(ready(dev.ep), 0);
    dev_end();
}

static int inner;

static void waits(void)
{
    inner = ready(dev.ep);
}

/* Another thread waits meanwhile: it passes over the watch, which is told once. */
static void shot_once(void **state)
{
    struct epoll_event again = {POLLIN | EPOLL_ONESHOT, 0, 1};

    (void)state;
    dev_begin(POLLIN | EPOLL_ONESHOT);
    wakes();
    inner = -1;
    dev.meanwhile = waits;
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(inner, 0);
    assert_int_equal(ready(dev.ep), 0);
    wakes();
    assert_int_equal(ready(dev.ep), 0);
    assert_int_equal(epoll_control(dev.ep, EPOLL_MODIFY, dev.file, FD, &again), 0);
    assert_int_equal(ready(dev.ep), 1);
    dev_end();
}

static uint32_t wakes_seen;

static void wakes_and_waits(void)
{
    wakes();
    wakes_seen = epoll_of(dev.ep)->wakes;
    waits();
}

/* Who passed over a watch that stays ready is woken, though nothing was told. */
static void passed_over(void **state)
{
    (void)state;
    dev_begin(POLLIN);
    poll_wake(&dev.head);
    dev.meanwhile = wakes_and_waits;
    assert_int_equal(ready(dev.ep), 0);
    assert_int_equal(inner, 0);
    assert_true(epoll_of(dev.ep)->wakes > wakes_seen);
    assert_int_equal(ready(dev.ep), 1);
    dev_end();
}

static void deletes(void)
{
    assert_int_equal(epoll_control(dev.ep, EPOLL_DELETE, dev.file, FD, NULL), 0);
}

static void closes(void)
{
    file_unref(dev.file);
    dev.file = NULL;
}

static void changes(void)
{
    struct epoll_event e = {POLLIN | EPOLL_ONESHOT, 0, 2};

    assert_int_equal(epoll_control(dev.ep, EPOLL_MODIFY, dev.file, FD, &e), 0);
}

static void adds_again(void)
{
    deletes();
    assert_int_equal(add(dev.ep, dev.file, POLLIN), 0);
}

/* It goes while it is asked, by whoever asks, and while it comes. */
static void goes_meanwhile(void **state)
{
    void (*const ways[])(void) = {deletes, closes, adds_again};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        dev_begin(POLLIN);
        wakes();
        dev.meanwhile = ways[i];
        assert_int_equal(ready(dev.ep), 1); /* it had events when it was asked */
        assert_int_equal(ready(dev.ep), ways[i] == adds_again);
        dev_end();
        dev_begin(POLLIN);
        wakes();
        dev.meanwhile = ways[i];
        assert_int_equal(file_poll(dev.ep, NULL), POLL_READ);
        assert_int_equal(file_poll(dev.ep, NULL), ways[i] == adds_again ? POLL_READ : 0);
        dev_end();
    }
    dev_begin(POLLIN);
    deletes();
    dev.meanwhile = deletes;
    assert_int_equal(add(dev.ep, dev.file, POLLIN), 0);
    wakes();
    assert_int_equal(ready(dev.ep), 0);
    dev_end();
}

/* A shot that is loaded again while it is told stays loaded. */
static void changed_meanwhile(void **state)
{
    (void)state;
    dev_begin(POLLIN | EPOLL_ONESHOT);
    wakes();
    dev.meanwhile = changes;
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(got[0].data, 2);
    assert_int_equal(ready(dev.ep), 0);
    dev_end();
}

/* A wake-up of other events than those that are asked for is none, but an end always is one. */
static void other_events(void **state)
{
    (void)state;
    dev_begin(POLLOUT | EPOLL_EDGE);
    dev.events = POLLIN | POLLOUT;
    poll_wake(&dev.head);
    assert_int_equal(epoll_of(dev.ep)->nready, 0);
    poll_wake_any(&dev.head);
    assert_int_equal(epoll_of(dev.ep)->nready, 1);
    assert_int_equal(ready(dev.ep), 1);
    assert_int_equal(got[0].events, POLLOUT);
    dev_end();
}

static void waiting(void **state)
{
    (void)state;
    dev_begin(POLLIN);
    host.sleeps = 0;
    assert_int_equal(epoll_wait(dev.ep, (vaddr_t)got, 8, 0), 0);
    assert_int_equal(host.sleeps, 0);
    assert_int_equal(epoll_wait(dev.ep, (vaddr_t)got, 8, UINT64_MAX), -EINTR);
    assert_int_equal(epoll_wait(dev.ep, (vaddr_t)got, 8, 1), 0);
    assert_int_equal(host.sleeps, 2);
    wakes();
    assert_int_equal(epoll_wait(dev.ep, (vaddr_t)got, 8, UINT64_MAX), 1);
    dev_end();
}

static void no_room(void **state)
{
    (void)state;
    dev_begin(POLLIN);
    deletes();
    dev.heads = POLL_WATCH_HEADS + 1;
    assert_int_equal(add(dev.ep, dev.file, POLLIN), -ENOSPC);
    dev.heads = POLL_WATCH_HEADS;
    assert_int_equal(add(dev.ep, dev.file, POLLIN), 0);
    dev_end();
}

static void without_memory(void **state)
{
    (void)state;
    for (unsigned after = 1;; after++) {
        struct file *ep = NULL, *f = NULL;
        int error;

        assert_int_equal(eventfd_create(1, 0, false, &f), 0);
        host.failed = false;
        host.fail_after = after;
        error = epoll_create(&ep);
        if (!error)
            error = add(ep, f, POLLIN);
        host.fail_after = 0;
        assert_int_equal(error, host.failed ? -ENOMEM : 0);
        file_unref(f);
        if (ep)
            file_unref(ep);
        if (!host.failed)
            break;
    }
}

static struct file *new_epoll(void)
{
    struct file *f = NULL;

    assert_int_equal(epoll_create(&f), 0);
    return f;
}

#define MOST (2 * POLL_WATCHES) /* root's */

/* So many epolls watch a file, and no more; who leaves makes room. */
static void too_many_watches(void **state)
{
    struct file *ep[MOST];

    (void)state;
    dev_begin(POLLIN);
    for (unsigned i = 0; i < MOST; i++)
        ep[i] = new_epoll();
    for (unsigned i = 0; i + 1 < MOST; i++)
        assert_int_equal(add(ep[i], dev.file, POLLIN), 0);
    assert_int_equal(add(ep[MOST - 1], dev.file, POLLIN), -ENOSPC);
    file_unref(ep[0]);
    assert_int_equal(add(ep[MOST - 1], dev.file, POLLIN), 0);
    dev.events = POLLIN;
    poll_wake(&dev.head);
    assert_int_equal(ready(ep[MOST - 1]), 1);
    for (unsigned i = 1; i < MOST; i++)
        file_unref(ep[i]);
    dev_end();
}

#define ROWS 4
#define WIDE 9

/* Each of a row watches all of the next: too many ways to look for a circle on. */
static void too_many_ways(void **state)
{
    struct file *row[ROWS][WIDE], *outer = new_epoll();

    (void)state;
    for (int r = ROWS - 1; r >= 0; r--)
        for (int i = 0; i < WIDE; i++) {
            row[r][i] = new_epoll();
            for (int k = 0; r < ROWS - 1 && k < WIDE; k++)
                assert_int_equal(add(row[r][i], row[r + 1][k], POLLIN), 0);
        }
    assert_int_equal(add(outer, row[0][0], POLLIN), -EINVAL);
    assert_int_equal(add(outer, row[1][0], POLLIN), 0);
    assert_int_equal(add(row[3][0], outer, POLLIN), -ELOOP);
    for (int i = 0; i < WIDE; i++)
        for (int r = 0; r < ROWS; r++)
            file_unref(row[r][i]);
    file_unref(outer);
}

/* A counter is heard of in all epolls around it, through two of them twice. */
static void waves(void **state)
{
    struct file *ep[4], *f = NULL;
    uint64_t one = 1;

    (void)state;
    for (int i = 0; i < 4; i++)
        ep[i] = new_epoll();
    assert_int_equal(eventfd_create(0, O_NONBLOCK, false, &f), 0);
    assert_int_equal(add(ep[0], f, POLLIN), 0);
    assert_int_equal(add(ep[1], ep[0], POLLIN), 0);
    assert_int_equal(add(ep[2], ep[0], POLLIN), 0);
    assert_int_equal(add(ep[3], ep[1], POLLIN), 0);
    assert_int_equal(add(ep[3], ep[2], POLLIN | EPOLL_EDGE), 0);
    assert_int_equal(ready(ep[3]), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(file_write(f, (vaddr_t)&one, 8), 8);
        assert_int_equal(epoll_of(ep[3])->nready, 2);
        assert_int_equal(ready(ep[3]), 2);
        assert_int_equal(ready(ep[3]), 1);
    }
    assert_int_equal(file_read(f, (vaddr_t)&one, 8), 8);
    assert_int_equal(ready(ep[3]), 0);
    file_unref(ep[0]); /* from the middle */
    assert_int_equal(epoll_of(ep[1])->nwatches, 0);
    assert_int_equal(epoll_of(ep[3])->nwatches, 2);
    file_unref(f);
    for (int i = 1; i < 4; i++)
        file_unref(ep[i]);
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
        cmocka_unit_test(woken_meanwhile),   cmocka_unit_test(shot_once),
        cmocka_unit_test(passed_over),       cmocka_unit_test(goes_meanwhile),
        cmocka_unit_test(changed_meanwhile), cmocka_unit_test(other_events),
        cmocka_unit_test(waiting),           cmocka_unit_test(no_room),
        cmocka_unit_test(without_memory),    cmocka_unit_test(too_many_watches),
        cmocka_unit_test(too_many_ways),     cmocka_unit_test(waves),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
