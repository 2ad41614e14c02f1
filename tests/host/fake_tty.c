/* SPDX-License-Identifier: MIT
 *
 * The stand-ins of fake_tty.h.
 */
#include "fake_tty.h"

#include "kern/clock.h"
#include "kern/console.h"
#include "kern/log.h"
#include "mm/uaccess.h"

struct tty_host host;

struct file file;

void console_write_raw(const char *s, size_t n)
{
    assert_true(host.shown + n < sizeof(host.screen));
    memcpy(host.screen + host.shown, s, n);
    host.shown += n;
    host.screen[host.shown] = '\0';
}

void console_write(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        console_write_raw(s[i] == '\n' ? "\r\n" : s + i, s[i] == '\n' ? 2 : 1);
}

void log_pass(void (*write)(const char *s, size_t n), const char *s, size_t n)
{
    write(s, n);
}

void mutex_init(struct mutex *m)
{
    waitq_init(&m->wait);
}

void mutex_lock(struct mutex *m)
{
    m->owner = &host;
}

void mutex_unlock(struct mutex *m)
{
    m->owner = NULL;
}

int console_take(void)
{
    return host.head == host.tail ? -1 : (unsigned char)host.keys[host.tail++];
}

void console_on_input(void (*notify)(void))
{
    host.notify = notify;
}

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

int waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    (void)depth, (void)until_ns;
    spin_unlock_irq(&q->lock, mask);
    if (host.while_asleep) {
        host.while_asleep();
        return 0;
    }
    return host.sleep_answer;
}

void waitq_wake_locked(struct waitq *q, unsigned n)
{
    (void)q, (void)n;
}

void waitq_wake(struct waitq *q, unsigned n)
{
    (void)q, (void)n;
    host.woken++;
}

uint64_t clock_ns(void)
{
    return 0;
}

bool thread_signalled(void)
{
    return false;
}

void preempt_point(void)
{
}

void rest_point(void)
{
}

int copy_from_user(void *to, vaddr_t from, size_t len)
{
    memcpy(to, (void *)from, len);
    return 0;
}

int copy_to_user(vaddr_t to, const void *from, size_t len)
{
    memcpy((void *)to, from, len);
    return 0;
}

int get_user32(uint32_t *value, vaddr_t from)
{
    return copy_from_user(value, from, sizeof(*value));
}

int put_user32(vaddr_t to, uint32_t value)
{
    return copy_to_user(to, &value, sizeof(value));
}

size_t file_copy_out(vaddr_t to, const void *from, size_t n)
{
    size_t fits = MIN(n, host.user_room);

    memcpy((void *)to, from, fits);
    host.user_room -= fits;
    return fits;
}

size_t file_copy_in(void *to, vaddr_t from, size_t n)
{
    memcpy(to, (void *)from, n);
    return n;
}

static void on_signal(int pgid, int sig)
{
    host.pgid = pgid;
    host.sig = sig;
    host.signals++;
}

int setup(void **state)
{
    (void)state;
    memset(&tty_console, 0, sizeof(tty_console));
    memset(&host, 0, sizeof(host));
    host.sleep_answer = -EINTR;
    host.user_room = SIZE_MAX;
    memset(&file, 0, sizeof(file));
    tty_init();
    tty_on_interrupt(on_signal);
    return 0;
}

void type_bytes(const char *keys, size_t n)
{
    memcpy(host.keys, keys, n);
    host.head = n;
    host.tail = 0;
    host.notify();
}

void type(const char *keys)
{
    type_bytes(keys, strlen(keys));
}

void reads(const char *expected)
{
    char buf[8192];
    int n = tty_read(&file, 0, (vaddr_t)buf, sizeof(buf));

    assert_int_equal(n, strlen(expected));
    assert_memory_equal(buf, expected, strlen(expected));
}

int read_len(size_t len)
{
    char buf[64];

    return tty_read(&file, 0, (vaddr_t)buf, len);
}

struct tty_caller background(void)
{
    return (struct tty_caller){.pgid = 8, .sid = 5, .leader = true};
}

int background_sig, background_answer;

int on_background(int sig)
{
    background_sig = sig;
    return background_answer;
}

int session_of(int pgid)
{
    if (pgid == 8 || pgid == 9)
        return 5;
    return pgid == 7 ? 6 : -ESRCH;
}

struct tty_caller stranger(void)
{
    return (struct tty_caller){.pgid = 9, .sid = 6, .leader = true};
}

struct tty_caller of_init(void)
{
    return (struct tty_caller){.pgid = 1, .sid = 1, .leader = true};
}
