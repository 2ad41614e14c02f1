/* SPDX-License-Identifier: MIT
 *
 * A hundred threads at once, each with memory of its own on its stack, in its thread-local storage
 * and on the heap: mutexes, condition variables, barriers, read-write locks, semaphores, keys,
 * cancellation, signals for one of them, fork, detaching and joining.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "programs.h"

#define MANY        100
#define TLS_WORDS   2048u
#define STACK_WORDS 8192u
#define HEAP_WORDS  16384u

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int counter;
static __thread uint32_t own[TLS_WORDS];
static __thread int initialised = 7;

/* Not the 8 MiB that glibc would take. */
static const pthread_attr_t *small(void)
{
    static pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 * 1024);
    return &attr;
}

static void start(pthread_t *t, void *(*run)(void *), long number)
{
    int error = pthread_create(t, small(), run, (void *)number);

    if (error) {
        say("pthread_create of %ld: error %d", number, error);
        _exit(1);
    }
}

static long join(pthread_t t)
{
    void *result = NULL;
    int error = pthread_join(t, &result);

    return error ? -error : (long)result;
}

/* Runs that many at once; the sum of what they returned. */
static long run_all(void *(*run)(void *), int count)
{
    pthread_t t[MANY];
    long sum = 0;

    for (int i = 0; i < count; i++)
        start(&t[i], run, i);
    for (int i = 0; i < count; i++)
        sum += join(t[i]);
    return sum;
}

static void add(int n)
{
    pthread_mutex_lock(&mutex);
    int was = counter;
    if (n % 10 == 0)
        sched_yield();
    counter = was + 1;
    pthread_mutex_unlock(&mutex);
}

/* Returns how many words were not what they were. */
static void *has_memory(void *arg)
{
    uint32_t number = (uint32_t)(long)arg, stack[STACK_WORDS];
    uint32_t *heap = malloc(HEAP_WORDS * sizeof(*heap));
    size_t bad = initialised != 7;

    for (size_t i = 0; i < TLS_WORDS; i++)
        bad += own[i] != 0;
    fill(own, TLS_WORDS, number);
    fill(stack, STACK_WORDS, number + 1000);
    fill(heap, HEAP_WORDS, number + 2000);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 50; i++)
        add(i);
    pthread_barrier_wait(&barrier);
    bad += wrong(own, TLS_WORDS, number) + wrong(stack, STACK_WORDS, number + 1000) +
           wrong(heap, HEAP_WORDS, number + 2000);
    free(heap);
    return (void *)(long)bad;
}

static void memory(void)
{
    pthread_barrier_init(&barrier, NULL, MANY);
    say("memory of a hundred: %ld words wrong", run_all(has_memory, MANY));
    say("mutex: %d", counter);
    pthread_barrier_destroy(&barrier);
}

/* A bounded buffer. */
#define ROOM  8
#define ITEMS 40

static struct {
    int item[ROOM], first, count;
    pthread_cond_t filled, emptied;
} buffer = {.filled = PTHREAD_COND_INITIALIZER, .emptied = PTHREAD_COND_INITIALIZER};

static void produces(long number)
{
    for (int i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (buffer.count == ROOM)
            pthread_cond_wait(&buffer.emptied, &mutex);
        buffer.item[(buffer.first + buffer.count++) % ROOM] = (int)number * ITEMS + i;
        pthread_cond_signal(&buffer.filled);
        pthread_mutex_unlock(&mutex);
    }
}

static long consumes(void)
{
    long sum = 0;

    for (int i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (buffer.count == 0)
            pthread_cond_wait(&buffer.filled, &mutex);
        sum += buffer.item[buffer.first];
        buffer.first = (buffer.first + 1) % ROOM;
        buffer.count--;
        pthread_cond_signal(&buffer.emptied);
        pthread_mutex_unlock(&mutex);
    }
    return sum;
}

static void *trades(void *arg)
{
    if ((long)arg % 2)
        return (void *)consumes();
    produces((long)arg / 2);
    return NULL;
}

static void conditions(void)
{
    struct timespec past = {1, 0};

    say("bounded buffer: sum %ld of %d", run_all(trades, MANY),
        (MANY / 2 * ITEMS) * (MANY / 2 * ITEMS - 1) / 2);
    SHOW(buffer.count);
    pthread_mutex_lock(&mutex);
    SHOW(pthread_cond_timedwait(&cond, &mutex, &past));
    pthread_mutex_unlock(&mutex);
}

/* Each writes its place in each phase, and looks at all places behind the barrier. */
#define PHASES 10
static int places[MANY], serials;

static void *goes_through_phases(void *arg)
{
    long bad = 0;

    for (int phase = 1; phase <= PHASES; phase++) {
        places[(long)arg] = phase;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_fetch_add(&serials, 1, __ATOMIC_RELAXED);
        for (int i = 0; i < MANY; i++)
            bad += places[i] != phase;
        pthread_barrier_wait(&barrier);
    }
    return (void *)bad;
}

static void barriers(void)
{
    pthread_barrier_init(&barrier, NULL, MANY);
    say("barriers: %ld places wrong", run_all(goes_through_phases, MANY));
    SHOW(serials);
    pthread_barrier_destroy(&barrier);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2][1024];

static void *reads_or_writes(void *arg)
{
    long torn = 0;

    for (int i = 0; i < 20; i++) {
        if ((long)arg % 5 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            pair[0][0]++;
            sched_yield();
            pair[1][0]++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            torn += pair[0][0] != pair[1][0];
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return (void *)torn;
}

static void rwlocks(void)
{
    struct timespec past = {1, 0};

    say("read-write lock: %ld torn", run_all(reads_or_writes, MANY));
    SHOW(pair[0][0]);
    SHOW(pthread_rwlock_wrlock(&rwlock));
    SHOW(pthread_rwlock_tryrdlock(&rwlock));
    SHOW(pthread_rwlock_unlock(&rwlock));
    SHOW(pthread_rwlock_rdlock(&rwlock));
    SHOW(pthread_rwlock_tryrdlock(&rwlock));
    SHOW(pthread_rwlock_timedwrlock(&rwlock, &past));
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
}

static void *holds(void *m)
{
    pthread_mutex_lock(m);
    return NULL;
}

static void mutexes(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_t t;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    say("error-checking");
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_trylock(&m));
    SHOW(pthread_mutex_unlock(&m));
    SHOW(pthread_mutex_unlock(&m));
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &attr);
    say("recursive");
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_unlock(&m));
    SHOW(pthread_mutex_unlock(&m));
    SHOW(pthread_mutex_unlock(&m));
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_NORMAL);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&m, &attr);
    start(&t, holds, (long)&m);
    join(t);
    say("robust");
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_consistent(&m));
    SHOW(pthread_mutex_unlock(&m));
    SHOW(pthread_mutex_lock(&m));
    SHOW(pthread_mutex_unlock(&m));
}

/* Cancellation. */
static int cleaned, ready, told, ends[2];

static void cleans(void *m)
{
    __atomic_fetch_add(&cleaned, 1, __ATOMIC_RELAXED);
    if (m)
        pthread_mutex_unlock(m);
}

static void wait_in_some_way(long how)
{
    char c;

    switch (how) {
    case 0: pause(); break;
    case 1: (void)!read(ends[0], &c, 1); break;
    case 2: sem_wait(&sem); break;
    case 3: sleep_ms(1000000); break;
    default: pthread_cond_wait(&cond, &mutex);
    }
}

/* Nothing of it may be on the stack: musl takes 16 bytes away when it cancels who computes. */
static void computes(void)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    __atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
    for (;;)
        __asm__ volatile("");
}

static void *is_cancelled(void *arg)
{
    long how = (long)arg % 5;
    pthread_mutex_t *m = how == 4 ? &mutex : NULL;

    if ((long)arg % 20 == 19)
        computes();
    if (m)
        pthread_mutex_lock(m);
    pthread_cleanup_push(cleans, m);
    __atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
    for (;;)
        wait_in_some_way(how);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *waits_for_it(void *arg)
{
    (void)arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    sem_post(&sem);
    while (!__atomic_load_n(&told, __ATOMIC_ACQUIRE))
        sleep_ms(1);
    pthread_testcancel();
    counter++;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    counter += 1000;
    return NULL;
}

static void cancellation(void)
{
    pthread_t t[MANY];
    int cancelled = 0;

    counter = 0;
    sem_init(&sem, 0, 0);
    (void)!pipe(ends);
    for (int i = 0; i < MANY; i++)
        start(&t[i], is_cancelled, i);
    while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < MANY)
        sleep_ms(1);
    for (int i = 0; i < MANY; i++)
        cancelled += pthread_cancel(t[i]) == 0;
    SHOW(cancelled);
    for (int i = 0; i < MANY; i++)
        cancelled -= join(t[i]) == (long)PTHREAD_CANCELED;
    SHOW(cancelled);
    SHOW(cleaned);
    SHOW(pthread_mutex_trylock(&mutex));
    pthread_mutex_unlock(&mutex);
    start(&t[0], waits_for_it, 0);
    sem_wait(&sem);
    pthread_cancel(t[0]);
    __atomic_store_n(&told, 1, __ATOMIC_RELEASE);
    say("cancelled later: %d", join(t[0]) == (long)PTHREAD_CANCELED);
    SHOW(counter);
    close(ends[0]);
    close(ends[1]);
}

/* Keys. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int destroyed, onces;

static void destroys(void *value)
{
    __atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
    if ((long)value > 1)
        pthread_setspecific(key, (void *)((long)value - 1));
}

static void makes_key(void)
{
    pthread_key_create(&key, destroys);
    onces++;
}

static void *has_key(void *arg)
{
    pthread_once(&once, makes_key);
    pthread_setspecific(key, (void *)((long)arg % 3 + 1));
    sched_yield();
    return (void *)(long)(pthread_getspecific(key) == (void *)((long)arg % 3 + 1));
}

static void keys(void)
{
    say("keys: %ld right", run_all(has_key, MANY));
    SHOW(onces);
    SHOW(destroyed);
}

/* The end of threads. */
static void *posts(void *arg)
{
    own[0] = (uint32_t)(long)arg;
    sem_post(&sem);
    return arg;
}

static void detaching(void)
{
    pthread_attr_t attr;
    pthread_t t;
    long sum = 0;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (long i = 0; i < MANY; i++) {
        if (i % 2 == 0) {
            pthread_create(&t, &attr, posts, (void *)i);
            continue;
        }
        start(&t, posts, i);
        pthread_detach(t);
    }
    for (int i = 0; i < MANY; i++)
        sem_wait(&sem);
    for (long i = 0; i < 2 * MANY; i++) { /* one after the other: stacks are used again */
        start(&t, posts, i);
        sum += join(t);
    }
    say("one after the other: %ld", sum);
}

/* Signals for one of them. */
static __thread volatile int noted;

static void notes(int sig)
{
    noted += sig;
}

static void *gets_signal(void *arg)
{
    sigset_t set, none;
    int sig = 0;

    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sem_post(&sem);
    if ((long)arg % 2) {
        sigwait(&set, &sig);
        return (void *)(long)sig;
    }
    while (!noted)
        sigsuspend(&none);
    return (void *)(long)noted;
}

static void signals(void)
{
    struct sigaction act = {.sa_handler = notes};
    pthread_t t[MANY];
    sigset_t set;
    long sum = 0;

    sigaction(SIGUSR1, &act, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < MANY; i++)
        start(&t[i], gets_signal, i);
    for (int i = 0; i < MANY; i++)
        sem_wait(&sem);
    for (int i = 0; i < MANY; i++)
        pthread_kill(t[i], SIGUSR1);
    for (int i = 0; i < MANY; i++)
        sum += join(t[i]);
    say("a signal for each: sum %ld, the first has %d", sum, noted);
}

/* Some fork while the others work. */
static void *forks_or_works(void *arg)
{
    uint32_t number = (uint32_t)(long)arg;
    int status = 1;
    pid_t pid;

    fill(own, TLS_WORDS, number);
    if (number % 10) {
        for (int i = 0; i < 50; i++)
            add(i);
        return (void *)(long)wrong(own, TLS_WORDS, number);
    }
    pid = fork();
    if (pid == 0) {
        size_t bad = wrong(own, TLS_WORDS, number);
        fill(own, TLS_WORDS, 1);
        _exit(bad != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return (void *)1000000L;
    return (void *)((long)wrong(own, TLS_WORDS, number) + status);
}

static void forks(void)
{
    counter = 0;
    say("fork among threads: %ld wrong", run_all(forks_or_works, MANY));
    SHOW(counter);
}

int main(void)
{
    memory();
    conditions();
    barriers();
    rwlocks();
    mutexes();
    cancellation();
    keys();
    detaching();
    signals();
    forks();
    say("the first's own: %d, %u", initialised, (unsigned)own[0]);
    return 0;
}
