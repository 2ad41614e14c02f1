/* SPDX-License-Identifier: MIT
 *
 * Theme threads: what POSIX threads do with a process - locks of all kinds, cancellation, signals
 * for one of them, names and numbers, and the end of threads and processes in every order.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

#define MANY 100

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int counter, serials, turn;
static __thread int own = 7;

static pthread_t start(void *(*run)(void *), void *arg)
{
    pthread_t t;
    int error = pthread_create(&t, NULL, run, arg);

    if (error)
        say("pthread_create: %s", error_name(error));
    return t;
}

static long join(pthread_t t)
{
    void *result = NULL;
    int error = pthread_join(t, &result);

    return error ? -error : (long)result;
}

static void *adds(void *arg)
{
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&mutex);
        int was = counter;
        if (i % 10 == 0)
            sched_yield();
        counter = was + 1;
        pthread_mutex_unlock(&mutex);
    }
    own += (int)(long)arg;
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
        __atomic_fetch_add(&serials, 1, __ATOMIC_RELAXED);
    return (void *)(long)own;
}

static void many(void)
{
    pthread_t t[MANY];
    long sum = 0;

    about("a hundred at once");
    pthread_barrier_init(&barrier, NULL, MANY + 1);
    for (long i = 0; i < MANY; i++)
        t[i] = start(adds, (void *)i);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < MANY; i++)
        sum += join(t[i]);
    SHOW(counter);
    SHOW(sum);
    SHOW(serials <= 1);
    SHOW(own);
}

static void *plays(void *arg)
{
    int mine = (int)(long)arg;

    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 200; i++) {
        while (turn % 3 != mine)
            pthread_cond_wait(&cond, &mutex);
        turn++;
        pthread_cond_broadcast(&cond);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void conditions(void)
{
    struct timespec until;
    pthread_t t[3];

    about("condition variables");
    for (long i = 0; i < 3; i++)
        t[i] = start(plays, (void *)i);
    for (int i = 0; i < 3; i++)
        join(t[i]);
    SHOW(turn);
    clock_gettime(CLOCK_REALTIME, &until);
    pthread_mutex_lock(&mutex);
    say("timedwait in the past: %s", error_name(pthread_cond_timedwait(&cond, &mutex, &until)));
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    say("timedwait: %s", error_name(pthread_cond_timedwait(&cond, &mutex, &until)));
    say("timedlock of one's own: %s", error_name(pthread_mutex_timedlock(&mutex, &until)));
    say("trylock: %s", error_name(pthread_mutex_trylock(&mutex)));
    pthread_mutex_unlock(&mutex);
}

static void cleanup(void *arg)
{
    saw(" cleanup %d", (int)(long)arg);
}

static void *sleeps(void *arg)
{
    (void)arg;
    pthread_cleanup_push(cleanup, (void *)1);
    pthread_cleanup_push(cleanup, (void *)2);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *waits_on_cond(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &mutex);
    for (;;)
        pthread_cond_wait(&cond, &mutex);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *computes(void *arg)
{
    (void)arg;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        __asm__ volatile("");
    return NULL;
}

static void cancel_one(const char *what, void *(*run)(void *))
{
    pthread_t t = start(run, NULL);

    pause_ms(20);
    say("cancel %s: %s", what, error_name(pthread_cancel(t)));
    say("it was cancelled: %d", join(t) == (long)PTHREAD_CANCELED);
    show_seen("handlers");
}

static void cancels(void)
{
    about("cancellation");
    cancel_one("who sleeps", sleeps);
    cancel_one("who waits for a condition", waits_on_cond);
    cancel_one("who computes", computes);
    say("the mutex is free: %s", error_name(pthread_mutex_trylock(&mutex)));
    pthread_mutex_unlock(&mutex);
}

static void *holds(void *m)
{
    pthread_mutex_lock(m);
    return NULL;
}

static void robust(pthread_mutex_t *m)
{
    int error = pthread_mutex_lock(m);

    say("lock after the owner's end: %s", error_name(error));
    say("consistent: %s", error_name(pthread_mutex_consistent(m)));
    say("unlock: %s", error_name(pthread_mutex_unlock(m)));
    say("lock: %s", error_name(pthread_mutex_lock(m)));
    say("unlock: %s", error_name(pthread_mutex_unlock(m)));
}

struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    sem_t sem;
    int turn;
};

static void robust_mutexes(void)
{
    struct shared *s = (void *)map(AT(0), PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;
    pid_t pid;

    about("robust mutexes");
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &attr);
    join(start(holds, &s->mutex));
    robust(&s->mutex);
    pid = fork();
    if (pid == 0) {
        holds(&s->mutex);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    robust(&s->mutex);
    pid = fork();
    if (pid == 0) {
        holds(&s->mutex);
        pause_ms(50); /* the parent sleeps for it */
        kill(getpid(), SIGKILL);
    }
    pause_ms(20);
    robust(&s->mutex);
    waitpid(pid, NULL, 0);
}

static void between_processes(void)
{
    struct shared *s = (void *)map(AT(1), PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;
    pthread_condattr_t cattr;
    pid_t pid;

    about("between processes");
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &attr);
    pthread_condattr_init(&cattr);
    pthread_condattr_setpshared(&cattr, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&s->cond, &cattr);
    sem_init(&s->sem, 1, 0);
    s->turn = 0;
    pid = fork();
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s->mutex);
        while (s->turn % 2 != (pid == 0))
            pthread_cond_wait(&s->cond, &s->mutex);
        s->turn++;
        pthread_cond_signal(&s->cond);
        pthread_mutex_unlock(&s->mutex);
    }
    if (pid == 0) {
        sem_post(&s->sem);
        _exit(0);
    }
    say("sem_wait: %d", sem_wait(&s->sem));
    waitpid(pid, NULL, 0);
    SHOW(s->turn);
}

static volatile pid_t tids[3];
static pthread_t first;

static void *numbers(void *arg)
{
    char name[16] = {0};

    (void)arg;
    tids[0] = gettid();
    say("getpid is the process's: %d", getpid() == tids[1]);
    say("gettid is another: %d", gettid() != getpid());
    prctl(PR_GET_NAME, name);
    say("name: %s", name);
    CALL(prctl(PR_SET_NAME, "a-thread"));
    prctl(PR_GET_NAME, name);
    say("name: %s", name);
    CALL(syscall(SYS_tgkill, getpid(), tids[1], 0));
    CALL(syscall(SYS_tgkill, tids[1] + 1000, tids[1], 0));
    CALL(syscall(SYS_tgkill, getpid(), gettid(), 0));
    CALL(syscall(SYS_setpgid, gettid(), 0));
    say("kill by a thread's number: %d", kill(gettid(), 0));
    return NULL;
}

static void names_and_numbers(void)
{
    char name[16] = {0};

    about("names and numbers");
    tids[1] = getpid();
    prctl(PR_SET_NAME, "the-first");
    join(start(numbers, NULL));
    prctl(PR_GET_NAME, name);
    say("name of the first: %s", name);
}

static void noted(int sig)
{
    saw(" %d in %s", sig, pthread_equal(pthread_self(), first) ? "the first" : "another");
}

static void *takes(void *arg)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, (int)(long)arg);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pause_ms(60);
    return NULL;
}

static void *waits_for_signal(void *arg)
{
    sigset_t set;
    int sig = 0;

    (void)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &sig);
    return (void *)(long)sig;
}

static void *leaves(void *arg)
{
    (void)arg;
    return NULL;
}

static void signals(void)
{
    sigset_t set;
    pthread_t t;

    about("signals");
    first = pthread_self();
    action_of(SIGUSR1, noted, 0);
    action_of(SIGUSR2, noted, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    t = start(takes, (void *)SIGUSR1);
    pause_ms(20);
    kill(getpid(), SIGUSR1);
    join(t);
    show_seen("sent to the process, which one thread takes");
    t = start(takes, (void *)SIGUSR2);
    pause_ms(20);
    pthread_kill(t, SIGUSR2);
    join(t);
    show_seen("sent to a thread");
    pthread_kill(pthread_self(), SIGUSR1);
    t = start(takes, (void *)SIGUSR1);
    join(t);
    show_seen("sent to the first, which blocks it");
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    show_seen("unblocked");
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    t = start(waits_for_signal, NULL);
    pause_ms(20);
    kill(getpid(), SIGUSR1);
    say("sigwait: %ld", join(t));
    t = start(leaves, NULL);
    pause_ms(20);
    say("to a thread that is gone: %s", error_name(pthread_kill(t, 0)));
    join(t);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *exits(void *arg)
{
    pause_ms(10);
    exit((int)(long)arg);
}

static void *ends_late(void *arg)
{
    pause_ms(30);
    say("a thread goes on without the first");
    return arg;
}

static void *crashes(void *arg)
{
    (void)arg;
    pause_ms(10);
    *(volatile int *)0 = 1;
    return NULL;
}

static void *runs_true(void *arg)
{
    char *argv[] = {"/proc/self/exe", "--help-me-not", NULL};

    (void)arg;
    pause_ms(10);
    execv("/no/such/program", argv);
    say("execv of nothing: %s", error_name(errno));
    say("the others live: %s", error_name(pthread_kill(first, 0)));
    tids[2] = getpid();
    exit(9);
}

static void *pauses(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return NULL;
}

static void exit_in_thread(void)
{
    start(pauses, NULL);
    start(exits, (void *)5);
    pauses(NULL);
}

static void main_leaves(void)
{
    start(ends_late, NULL);
    pthread_exit(NULL);
}

static void raw_exit_of_main(void)
{
    start(ends_late, NULL);
    syscall(SYS_exit, 3);
}

static void raw_exit_of_last(void)
{
    syscall(SYS_exit, 4);
}

static void crash_in_thread(void)
{
    start(pauses, NULL);
    start(crashes, NULL);
    pauses(NULL);
}

static void killed_with_threads(void)
{
    for (int i = 0; i < 8; i++)
        start(i % 2 ? pauses : computes, NULL);
    pause_ms(10);
    kill(getpid(), SIGTERM);
    pauses(NULL);
}

static void main_returns(void)
{
    start(pauses, NULL);
    start(computes, NULL);
    exit(6);
}

static void exec_fails_in_thread(void)
{
    first = pthread_self();
    start(runs_true, NULL);
    pauses(NULL);
}

static void ends(void)
{
    about("ends");
    IN_CHILD(exit_in_thread);
    IN_CHILD(main_leaves);
    IN_CHILD(raw_exit_of_main);
    IN_CHILD(raw_exit_of_last);
    IN_CHILD(crash_in_thread);
    IN_CHILD(killed_with_threads);
    IN_CHILD(main_returns);
    IN_CHILD(exec_fails_in_thread);
}

static void *runs_program(void *arg)
{
    char number[16];
    char *argv[] = {"threads", "was", number, NULL};

    (void)arg;
    snprintf(number, sizeof(number), "%d", getpid());
    execv("/proc/self/exe", argv);
    say("execv: %s", error_name(errno));
    return NULL;
}

static void exec_in_thread(void)
{
    for (int i = 0; i < 4; i++)
        start(i % 2 ? pauses : computes, NULL);
    start(runs_program, NULL);
    pauses(NULL);
}

static void exec_in_first(void)
{
    for (int i = 0; i < 4; i++)
        start(i % 2 ? pauses : computes, NULL);
    pause_ms(5);
    runs_program(NULL);
}

static void *forks(void *arg)
{
    pid_t pid = fork();
    int status = 0;

    (void)arg;
    if (pid == 0) {
        own++;
        _exit(own + (gettid() == getpid()));
    }
    waitpid(pid, &status, 0);
    return (void *)(long)WEXITSTATUS(status);
}

static void stopped(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        start(computes, NULL);
        start(pauses, NULL);
        pauses(NULL);
    }
    pause_ms(20);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    say("stopped by %d", WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED);
    say("continued: %d", WIFCONTINUED(status) != 0);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    say("killed by %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void programs(void)
{
    about("programs and processes");
    IN_CHILD(exec_in_thread);
    IN_CHILD(exec_in_first);
    say("fork in a thread: %ld", join(start(forks, NULL)));
    stopped();
}

static void *affinity(void *arg)
{
    uint32_t mask = 1;

    (void)arg;
    CALL(syscall(SYS_sched_setaffinity, 0, 4, &mask));
    mask = 0;
    syscall(SYS_sched_getaffinity, gettid(), 4, &mask);
    SHOW(mask);
    return NULL;
}

static void *chdirs(void *arg)
{
    CALL(chdir(arg));
    umask(027);
    return NULL;
}

static void shared_things(void)
{
    char path[64], *at;

    about("what threads share");
    join(start(affinity, NULL));
    CALL(mkdir("below", 0755));
    join(start(chdirs, "below"));
    at = getcwd(path, sizeof(path));
    say("working directory: %s", at ? strrchr(path, '/') : "none");
    say("umask: %o", (unsigned)umask(022));
    CALL(chdir(".."));
}

void theme_threads(void)
{
    many();
    conditions();
    cancels();
    robust_mutexes();
    between_processes();
    names_and_numbers();
    signals();
    ends();
    programs();
    shared_things();
    window_clear();
}
