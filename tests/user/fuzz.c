/* SPDX-License-Identifier: MIT
 *
 * fuzz [SEED [CALLS]]: system calls with arguments by chance, most of them nearly right, from
 * several processes with three threads each at the same time. Every second process is a checker:
 * what calls wrote to its memory, and what they answered, may hold no address of the kernel and no
 * word of a secret. The others are the secret's keepers: they have it in their memory, their
 * registers and their numbers, so that a structure or a page that was theirs and is given out
 * unwiped shows. After the last round everything that was used is free again.
 * The secret is a pattern that no honest answer has; addresses are told from text by a byte that
 * text does not have.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "files.h"
#include "fuzz_table.h"
#include "malice.h"
#include "raw_thread.h"

#define WORKERS       6
#define THREADS       3
#define QUOTA         250 /* calls of a thread, then its process ends */
#define WINDOW_WORDS  384u
#define SECRET        0x5ec70000u
#define ARENA         0x08000000u
#define ARENA_PAGES   256u
#define KERNEL_STACKS 0x44u /* top bytes of addresses: stacks, RAM as the kernel sees it */
#define KERNEL_RAM    0x50u
#define KERNEL_RAM_TO 0x57u
#define EDGES         10

enum { TGKILL = 268, GETTID = 224, FORK = 2, VFORK = 190, CLONE = 120, SIGNAL = 10 };

/* Shared by all processes. */
struct tally {
    volatile uint32_t calls, leaks, ended, unfinished;
    volatile uint32_t leak_number, leak_value, leak_place;
};

struct worker {
    uint32_t state, made; /* of the thread */
    uint32_t window[WINDOW_WORDS];
    char stack[8192] __attribute__((aligned(8)));
};

static struct tally *tally;
static uint32_t seed = 1;
static bool keeper;
static pid_t self;
static struct worker workers[THREADS];
static volatile uint32_t tids[THREADS];

/* Nothing here can be made or taken away but in the worker's place: not in /dev, and no file is the
 * place's parent, which "d/.." would be when d has become a link. */
static const char *const paths[] = {"motd",
                                    "true",
                                    "/proc/self/maps",
                                    "/proc/self/stat",
                                    "null",
                                    "/proc/self/status",
                                    "zero",
                                    ".",
                                    "/proc",
                                    "d",
                                    "full",
                                    "/proc/self",
                                    "nothing",
                                    "d/../motd",
                                    "fifo",
                                    "",
                                    "d/x",
                                    "true/",
                                    "link",
                                    "/proc/meminfo",
                                    "/proc/self/fd",
                                    "new",
                                    "tty"};
static const char *const directories[] = {".", "d", "/proc", "/proc/self"};

static uint32_t roll(struct worker *w, uint32_t sides)
{
    return chance(&w->state) % sides;
}

static uint32_t edge(struct worker *w)
{
    static const uint32_t edges[EDGES] = {
        0, 1, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffff000, 0xffffff9c, 0x10000};

    return edges[roll(w, EDGES)];
}

/* A word that is no address of the kernel's, or the secret. */
static uint32_t any(struct worker *w)
{
    if (keeper)
        return SECRET | (chance(&w->state) & 0xffff);
    return roll(w, 2) ? edge(w) : 1u << roll(w, 30);
}

static uint32_t address(struct worker *w)
{
    static const uint32_t bad[] = {0x0,        0x8,        0x40000000, 0x80000000,
                                   0xc0008000, 0xfffffff8, 0x4ff00001};

    switch (roll(w, 8)) {
    case 0: return bad[roll(w, TAP_COUNT(bad))];
    case 1: return ARENA + roll(w, ARENA_PAGES) * PAGE + roll(w, PAGE);
    case 2: return (uint32_t)(uintptr_t) "a word that can't be written";
    case 3: /* not aligned: a checker would take parts of two words for one */
        return (uint32_t)(uintptr_t)&w->window[roll(w, WINDOW_WORDS)] + (keeper ? roll(w, 4) : 0);
    default: return (uint32_t)(uintptr_t)&w->window[roll(w, WINDOW_WORDS / 2)];
    }
}

/* A keeper names nothing that checkers can look at. */
static uint32_t path(struct worker *w)
{
    const char *name = paths[roll(w, TAP_COUNT(paths))];

    return (uint32_t)(uintptr_t)(keeper && name[0] == '/' ? "motd" : name);
}

static uint32_t argument(struct worker *w, char kind)
{
    if (roll(w, 24) == 0 && kind != 'i' && kind != 't')
        return any(w);
    switch (kind) {
    case 'f': return roll(w, 12) ? roll(w, 17) : 0xffffff9cu;
    case 'p': return address(w);
    case 'P': return roll(w, 3) ? address(w) : 0;
    case 's': return path(w);
    case 'S': return (uint32_t)(uintptr_t)directories[roll(w, keeper ? 2 : TAP_COUNT(directories))];
    case 'n': return roll(w, 17);
    case 'l': return roll(w, 4) ? roll(w, 600) : edge(w);
    case 'x': return roll(w, 3) ? 0 : 1u << roll(w, 32);
    case 'o': return (roll(w, 3) | (roll(w, 2) ? 0x40 : 0)) ^ (roll(w, 3) ? 0 : 1u << roll(w, 20));
    case 'm': return roll(w, 01000);
    case 'z': { /* nothing that stops or kills: that is for other tests */
        static const uint8_t signals[] = {0, 10, 12, 14, 16, 17, 18, 23, 28, 33, 40, 64, 65};
        return signals[roll(w, sizeof signals)];
    }
    case 'i': { /* nobody else's */
        const uint32_t pids[] = {(uint32_t)self, 0, 0x7ffffff0, 0x80000000};
        return pids[roll(w, 8) & (roll(w, 4) ? 0 : 3)];
    }
    case 'I': return roll(w, 2) ? 0xffffffffu : any(w);
    case 't': return roll(w, 4) ? tids[roll(w, THREADS)] : 0;
    case 'w': return (uint32_t)(uintptr_t)&workers[roll(w, THREADS)].window[roll(w, 4)];
    case 'a': return ARENA + roll(w, ARENA_PAGES) * PAGE;
    case 'A': return roll(w, 9) * PAGE;
    case 'r': return roll(w, 8);
    case 'M': return (roll(w, 4) ? 0x20 : 0) | (1 + roll(w, 2)) | (roll(w, 3) ? 0x10 : 0);
    case 'k': return 17 | (chance(&w->state) & (roll(w, 2) ? 0x01304100 : 0x3d0f00));
    case 'u': return roll(w, 13) | (roll(w, 2) ? 128 : 0);
    case 'c': return roll(w, 13) - 2;
    case 'g': return any(w);
    default: return 0;
    }
}

/* Small times and lengths where a structure begins with them, so that few calls wait for long. */
static void window_fill(struct worker *w)
{
    for (unsigned i = 0; i < WINDOW_WORDS; i++)
        w->window[i] = keeper ? SECRET | i : 0;
    for (unsigned i = 0; i < 16; i++)
        w->window[roll(w, WINDOW_WORDS)] = roll(w, 2) ? address(w) : roll(w, 300);
}

static bool is_leak(uint32_t word)
{
    uint32_t top = word >> 24, next = word >> 16 & 255;

    if ((word & 0xffff) == 0) /* as an operation of a futex makes it */
        return false;
    if ((word & 0xffff00) == 0) /* 4096 and a byte, written to a file and read one byte later */
        return false;
    if (word >> 16 == SECRET >> 16)
        return true;
    return (top == KERNEL_STACKS || (top >= KERNEL_RAM && top <= KERNEL_RAM_TO)) &&
           (next < 9 || next > 127);
}

/* readv, writev and their kin: the answer may be the sum of lengths, which are words by chance. */
static bool answers_sum(uint32_t number)
{
    return number == 145 || number == 146 || number == 361 || number == 362 || number == 392 ||
           number == 393;
}

static void look_for_leaks(struct worker *w, uint32_t number, uint32_t result)
{
    for (unsigned i = 0; i < WINDOW_WORDS + !answers_sum(number); i++) {
        uint32_t word = i < WINDOW_WORDS ? w->window[i] : result;

        if (!is_leak(word))
            continue;
        tally->leak_number = number;
        tally->leak_value = word;
        tally->leak_place = i;
        __atomic_fetch_add(&tally->leaks, 1, __ATOMIC_RELAXED);
        if (i < WINDOW_WORDS)
            w->window[i] = 0;
    }
}

/* A child of a worker's: it has made a call as well, and goes. */
static bool is_child(uint32_t number, long result)
{
    return result == 0 && (number == FORK || number == VFORK || number == CLONE) &&
           sys_raw(SYS_getpid) != self;
}

/* It ends the process, mostly. */
static bool is_end(uint32_t number)
{
    return number == 119 || number == 173 || number == 248 || number == 11;
}

static void one_call(struct worker *w)
{
    const struct fuzz_call *c = &fuzz_calls[roll(w, TAP_COUNT(fuzz_calls))];
    uint32_t a[6];
    long result;

    if (is_end(c->number) && roll(w, 30))
        return;
    for (unsigned i = 0; i < 6; i++)
        a[i] = keeper ? any(w) : 0; /* what is no argument lies in registers, too */
    for (unsigned i = 0; i < 6 && c->kinds[i]; i++)
        a[i] = argument(w, c->kinds[i]);
    if (roll(w, 8) == 0)
        window_fill(w);
    __atomic_fetch_add(&tally->calls, 1, __ATOMIC_RELAXED);
    result = sys_raw(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (is_child(c->number, result))
        sys_raw(248, 0);
    w->made++;
    if (!keeper)
        look_for_leaks(w, c->number, (uint32_t)result);
}

static void run_thread(void *arg)
{
    struct worker *w = arg;

    window_fill(w);
    while (w->made < QUOTA)
        one_call(w);
    w->made = QUOTA + 1;
}

static void ignore(int sig)
{
    (void)sig;
}

static void wake_up(void)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)ignore};

    sys_raw(SYS_rt_sigaction, SIGNAL, act, 0, 8); /* threads may have changed it */
    for (unsigned i = 0; i < THREADS; i++)
        if (workers[i].made <= QUOTA)
            sys_raw(TGKILL, self, tids[i], SIGNAL);
}

/* What calls wait for or with: a pipe, a counter, and epolls, one of which watches them. */
static void waiting_open(void)
{
    uint32_t in_and_out[4] = {5};
    long ep = sys_raw(357, 0), other = sys_raw(357, 0), counter = sys_raw(356, 1, 04000);
    int pipe[2] = {-1, -1};

    sys_raw(359, pipe, 04000);
    sys_raw(251, ep, 1, counter, in_and_out);
    sys_raw(251, ep, 1, pipe[0], in_and_out);
    sys_raw(251, other, 1, ep, in_and_out);
}

/* The first thread of a process: starts the others, wakes who sleeps, and ends all of them when
 * they are done, or can't be woken. */
static void worker_run(uint32_t number)
{
    uint32_t made = 0, before, idle = 0, done = 0, time[2] = {0, 3000000};

    uint32_t act[5] = {(uint32_t)(uintptr_t)ignore};

    self = getpid();
    setpgid(0, 0);
    for (int sig = 12; sig <= 64; sig++)
        sys_raw(SYS_rt_sigaction, sig, act, 0, 8);
    keeper = number % 2;
    for (int fd = 0; fd < 32; fd++)
        close(fd);
    if (chdir(keeper ? "keepers" : "checkers"))
        sys_raw(248, 1);
    for (unsigned i = 0; i < 3; i++)
        files_open("null", O_RDWR, 0);
    for (unsigned i = 0; i < 8; i++)
        files_open(paths[i], i == 1 ? O_RDONLY : O_RDWR, 0);
    waiting_open();
    mmap((void *)ARENA, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (keeper)
        for (uint32_t i = 0; i < ARENA_PAGES * PAGE / 4; i++)
            ((volatile uint32_t *)ARENA)[i] = SECRET | (i & 0xffff);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].state = seed * 2654435761u + number * 40503u + i * 77 + 1;
        tids[i] = 1;
        raw_thread(RAW_THREAD_FLAGS, workers[i].stack + sizeof workers[i].stack, &tids[i],
                   run_thread, &workers[i]);
    }
    while (done < THREADS && idle < 40) {
        sys_raw(162, time, NULL);
        before = made;
        made = done = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            made += workers[i].made;
            done += workers[i].made > QUOTA || tids[i] == 0;
        }
        idle = made == before ? idle + 1 : 0;
        if (idle > 1)
            wake_up();
    }
    if (done < THREADS)
        __atomic_fetch_add(&tally->unfinished, 1, __ATOMIC_RELAXED);
    sys_raw(248, 0);
}

/* A directory of their own for each kind, or the secret would be found in files, rightly. */
static void place_make(const char *name)
{
    CHECK_EQ(files_mkdir(name), 0);
    CHECK_EQ(sys_raw(SYS_chdir, name), 0);
    files_put("motd", "a few words\n");
    files_copy("/bin/true", "true");
    CHECK_EQ(files_mkdir("d"), 0);
    CHECK_EQ(sys_raw(SYS_symlink, "d/x", "link"), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "fifo", S_IFIFO | 0666, 0), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "null", S_IFCHR | 0666, 1 << 8 | 3), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "zero", S_IFCHR | 0666, 1 << 8 | 5), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "full", S_IFCHR | 0666, 1 << 8 | 7), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "tty", S_IFCHR | 0666, 5 << 8 | 0), 0);
    CHECK_EQ(sys_raw(SYS_chdir, ".."), 0);
}

/* Waits for it, for two seconds at most; then it is killed, and its children are. */
static void await(pid_t pid)
{
    int status;

    for (unsigned ms = 0; waitpid(pid, &status, WNOHANG) != pid; ms++) {
        if (ms == 2000)
            kill(pid, SIGKILL);
        tap_pause_ms(1);
    }
    for (unsigned blows = 0; kill(-pid, SIGKILL) == 0; blows++) {
        CHECK(blows < 2000);
        tap_pause_ms(2);
    }
    __atomic_fetch_add(&tally->ended, 1, __ATOMIC_RELAXED);
}

static void test_fuzz(void)
{
    uint32_t wanted = tap_count(100000, 10000000), number = 0;
    pid_t pids[WORKERS];

    tally = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(tally != MAP_FAILED);
    printf("%s# seed %u\n", tap_indent(), (unsigned)seed);
    fflush(stdout);
    while (tally->calls < wanted && !tally->leaks) {
        files_begin("fuzz");
        place_make("keepers");
        place_make("checkers");
        for (unsigned i = 0; i < WORKERS; i++, number++) {
            pids[i] = fork();
            if (pids[i] == 0)
                worker_run(number);
            CHECK(pids[i] > 0);
        }
        for (unsigned i = 0; i < WORKERS; i++)
            await(pids[i]);
        CHECK_EQ(sys_raw(SYS_chdir, "/tmp/fuzz"), 0);
        files_remove_below(".");
        files_end("fuzz");
    }
    printf("%s# %u calls, %u processes, of which %u did not get through\n", tap_indent(),
           (unsigned)tally->calls, (unsigned)tally->ended, (unsigned)tally->unfinished);
    if (tally->leaks)
        printf("%s# call %u told 0x%08x in word %u\n", tap_indent(), (unsigned)tally->leak_number,
               (unsigned)tally->leak_value, (unsigned)tally->leak_place);
    CHECK_EQ(tally->leaks, 0);
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {{"calls by chance", test_fuzz}};

    if (argc > 1 && !number_parse(argv[1], &seed))
        return 2;
    return malice_main(tests, TAP_COUNT(tests));
}
