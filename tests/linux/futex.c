/* SPDX-License-Identifier: MIT
 *
 * Theme futex: the call itself, its errors, and clone's.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "compare.h"

static pthread_t start(void *(*run)(void *), void *arg)
{
    pthread_t t;

    if (pthread_create(&t, NULL, run, arg))
        say("pthread_create fails");
    return t;
}

static void join(pthread_t t)
{
    pthread_join(t, NULL);
}

#define WAIT           0
#define WAKE           1
#define FD             2
#define REQUEUE        3
#define CMP_REQUEUE    4
#define WAKE_OP        5
#define WAIT_BITSET    9
#define WAKE_BITSET    10
#define PRIVATE        128
#define CLOCK          256
#define BAD            ((void *)0x10)
#define futex(at, ...) syscall(SYS_futex, at, __VA_ARGS__)
#define OP(op, arg, cmp, cmparg)                                                                   \
    ((unsigned)(op) << 28 | (unsigned)(cmp) << 24 | ((unsigned)(arg)&0xfff) << 12 |                \
     ((unsigned)(cmparg)&0xfff))

static int word[2];

static void futex_errors(void)
{
    struct timespec soon = {0, 1000000}, bad = {0, 1000000000}, negative = {-1, 0};

    about("errors");
    word[0] = 5;
    CALL(futex(word, WAIT, 4, NULL));
    CALL(futex(word, WAIT, 5, &soon));
    CALL(futex(word, WAIT | PRIVATE, 5, &soon));
    CALL(futex(word, WAIT, 5, &bad));
    CALL(futex(word, WAIT, 5, &negative));
    CALL(futex(word, WAIT, 5, BAD));
    CALL(futex((char *)word + 1, WAIT, 5, NULL));
    CALL(futex((char *)word + 2, WAKE, 1));
    CALL(futex(BAD, WAIT, 5, NULL));
    CALL(futex(NULL, WAIT, 5, NULL));
    CALL(futex(NULL, WAKE, 1));
    CALL(futex(NULL, WAKE | PRIVATE, 1));
    CALL(futex(BAD, WAKE, 1));
    CALL(futex((void *)0xfffff000, WAKE | PRIVATE, 1));
    CALL(futex((void *)0xfffff000, WAIT | PRIVATE, 1, NULL));
    CALL(futex(word, WAKE, 1));
    CALL(futex(word, WAKE, 0));
    CALL(futex(word, WAKE, -1));
    CALL(futex(word, WAIT_BITSET, 5, &soon, 0, 0));
    CALL(futex(word, WAIT_BITSET, 5, &soon, 0, 1));
    CALL(futex(word, WAIT_BITSET | CLOCK, 5, &soon, 0, 1));
    CALL(futex(word, WAIT | CLOCK, 5, &soon));
    CALL(futex(word, WAKE_BITSET, 1, 0, 0, 0));
    CALL(futex(word, WAKE_BITSET, 1, 0, 0, 1));
    CALL(futex(word, REQUEUE, 1, 1, word + 1));
    CALL(futex(word, REQUEUE, -1, 1, word + 1));
    CALL(futex(word, REQUEUE, 1, -1, word + 1));
    CALL(futex(word, REQUEUE, 1, 1, BAD));
    CALL(futex(word, CMP_REQUEUE, 1, 1, word + 1, 5));
    CALL(futex(word, CMP_REQUEUE, 1, 1, word + 1, 6));
    CALL(futex(BAD, CMP_REQUEUE, 1, 1, word + 1, 6));
    CALL(futex(word, FD, 0));
    CALL(futex(word, 14, 0));
    CALL(futex(word, 127, 0));
    CALL(syscall(SYS_set_robust_list, BAD, 12));
    CALL(syscall(SYS_set_robust_list, BAD, 11));
    CALL(syscall(SYS_set_robust_list, BAD, 16));
    CALL(syscall(SYS_get_robust_list, 0, BAD, word));
    CALL(syscall(SYS_get_robust_list, 0, word, BAD));
    CALL(syscall(SYS_get_robust_list, 0, word, word + 1));
    SHOW(word[0]);
    SHOW(word[1]);
    CALL(syscall(SYS_get_robust_list, 999999, word, word + 1));
}

static void wake_op(const char *what, unsigned op, int before)
{
    word[1] = before;
    long result = futex(word, WAKE_OP, 1, 1, word + 1, op);

    say("%s of %d: %s, then %d", what, before, result < 0 ? error_name(errno) : "0", word[1]);
}

static void wake_ops(void)
{
    about("operations");
    wake_op("set 9", OP(0, 9, 0, 0), 3);
    wake_op("add 9", OP(1, 9, 1, 0), 3);
    wake_op("add -1", OP(1, -1, 2, 0), 3);
    wake_op("or 9", OP(2, 9, 3, 0), 3);
    wake_op("andn 1", OP(3, 1, 4, 0), 3);
    wake_op("xor 9", OP(4, 9, 5, 0), 3);
    wake_op("or 1 << 4", OP(8 | 2, 4, 5, 0), 3);
    wake_op("op 5", OP(5, 9, 0, 0), 3);
    wake_op("op 7", OP(7, 9, 0, 0), 3);
    CALL(futex(word, WAKE_OP, 1, 1, BAD, OP(0, 1, 0, 0)));
    CALL(futex(word, WAKE_OP, 1, 1, (char *)word + 1, OP(0, 1, 0, 0)));
    mmap(AT(8), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    CALL(futex(word, WAKE_OP, 1, 1, AT(8), OP(0, 1, 0, 0)));
}

static int slept;

static void *sleeps_on_word(void *arg)
{
    long bits = (long)arg;

    if (futex(word, WAIT_BITSET | PRIVATE, 5, NULL, 0, bits) == 0)
        __atomic_fetch_add(&slept, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void bits_and_moves(void)
{
    pthread_t t[6];

    about("sets of bits, moves");
    word[0] = 5;
    for (int i = 0; i < 6; i++)
        t[i] = start(sleeps_on_word, (void *)(1l << i % 3));
    pause_ms(30);
    CALL(futex(word, WAKE_BITSET | PRIVATE, 100, 0, 0, 8));
    CALL(futex(word, WAKE_BITSET | PRIVATE, 1, 0, 0, 2));
    CALL(futex(word, WAKE, 100)); /* the word goes by another name */
    CALL(futex(word, WAKE | PRIVATE, 100));
    for (int i = 0; i < 6; i++)
        join(t[i]);
    SHOW(slept);
    slept = 0;
    for (int i = 0; i < 6; i++)
        t[i] = start(sleeps_on_word, (void *)1);
    pause_ms(30);
    CALL(futex(word, CMP_REQUEUE | PRIVATE, 1, 2, word + 1, 4));
    CALL(futex(word, CMP_REQUEUE | PRIVATE, 1, 2, word + 1, 5));
    CALL(futex(word + 1, WAKE | PRIVATE, 1));
    CALL(futex(word + 1, REQUEUE | PRIVATE, 0, 10, word));
    CALL(futex(word + 1, WAKE | PRIVATE, 10));
    CALL(futex(word, WAKE | PRIVATE, 10));
    for (int i = 0; i < 6; i++)
        join(t[i]);
    SHOW(slept);
}

static void handled(int sig)
{
    saw(" %d", sig);
}

/* A signal for who waits: with a time-out the call ends, without it goes on. */
static void *disturbed(void *arg)
{
    struct timespec t = {0, 100000000};
    bool timed = arg != NULL;

    action_of(SIGUSR1, handled, timed ? 0 : SA_RESTART);
    CALL(futex(word, WAIT | PRIVATE, 5, timed ? &t : NULL));
    return NULL;
}

static void interrupted(void)
{
    pthread_t t;

    about("interrupted");
    for (long timed = 0; timed < 2; timed++) {
        t = start(disturbed, (void *)timed);
        pause_ms(30);
        pthread_kill(t, SIGUSR1);
        pause_ms(20);
        futex(word, WAKE | PRIVATE, 1);
        join(t);
        show_seen(timed ? "with a time-out" : "without, SA_RESTART");
    }
}

#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static void clone_errors(void)
{
    about("clone");
    CALL(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
    CALL(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
    CALL(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
    CALL(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
    CALL(syscall(SYS_set_tid_address, NULL) == gettid());
}

void theme_futex(void)
{
    futex_errors();
    wake_ops();
    bits_and_moves();
    interrupted();
    clone_errors();
    window_clear();
}
