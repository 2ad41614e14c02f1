/* SPDX-License-Identifier: MIT
 *
 * t_malice_storm [SEED]: children that make system calls by chance, with arguments by chance: good
 * and bad addresses, small, large and negative numbers. Whatever they do to themselves, the rest
 * lives, and what they had comes back. They are in a directory with copies of a few files and
 * devices, and name nothing outside but what is in /proc: whatever they write, rename or remove is
 * there, and goes with it. No other file's path lies in their memory, where an address by chance
 * would find it, and none is open. Left out is what would hit others: signals, the terminal, the
 * clock, reboot, new groups (the storm is ended by its group), and segments of shared memory (they
 * stay).
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "files.h"
#include "malice.h"

#define ROUNDS    4u
#define CALLS     600u
#define ARENA     0x08000000u /* where mappings go */
#define ARENA_LEN 0x20000000u
#define ROUND_MS  800
#define DEPTH_MAX 2 /* of forks within forks */

#define ROOT_NAMES 40

#define SYS_FORK      2u
#define SYS_NANOSLEEP 162u
#define SYS_PRLIMIT   369u

static uint32_t seed = 1, state;
static char pages[4 * PAGE] __attribute__((aligned(4096)));

static const char *const paths[] = {
    "motd",
    "true",
    "/proc/self/maps",
    "/proc/self/pt",
    "null",
    "/proc/1/pmap",
    "zero",
    "urandom",
    ".",
    "/proc",
    "d",
    "/proc/vmcheck",
    "full",
    "/proc/self",
    "nothing",
    "d/..",
    "test.sh",
    "/proc/kmsg",
    "",
    "/proc/self/cmdline",
    "d/x",
    "true/",
    "link",
    "d/d",
};

static const uint16_t numbers[] = {
    2,   3,   4,   5,   6,   8,   9,   10,  11,  12,  14,  15,  19,  20,  33,  38,  39,
    40,  41,  43,  45,  55,  60,  63,  65,  76,  78,  83,  85,  91,  92,  93,  94,  95,
    96,  114, 116, 118, 120, 122, 125, 132, 133, 140, 143, 145, 146, 147, 155, 156, 158,
    159, 161, 162, 172, 174, 180, 181, 183, 187, 190, 191, 192, 193, 194, 195, 196, 197,
    198, 203, 207, 208, 209, 212, 217, 220, 221, 225, 239, 241, 242, 256, 263, 264, 265,
    266, 267, 270, 280, 322, 323, 324, 325, 327, 328, 329, 330, 331, 332, 333, 334, 341,
    345, 348, 352, 358, 361, 362, 369, 373, 382, 384, 385, 397, 403, 406, 407, 412, 439,
};

static const uint16_t never[] = {1, 37, 54, 57, 66, 88, 178, 238, 248, 262, 268, 307, 363, 404};

static uint32_t roll(uint32_t sides)
{
    return chance(&state) % sides;
}

static uint32_t address(void)
{
    switch (roll(9)) {
    case 0: return 0;
    case 1: return (uint32_t)(uintptr_t)pages + roll(sizeof pages);
    case 2: return (uint32_t)(uintptr_t)pages + PAGE * (1 + roll(4)) - roll(300);
    case 3: return (uint32_t)(uintptr_t)paths[roll(TAP_COUNT(paths))];
    case 4: return (uint32_t)kernel_addresses[roll(TAP_COUNT(kernel_addresses))];
    case 5: return ARENA + roll(ARENA_LEN);
    case 6: return (uint32_t)(uintptr_t)__builtin_frame_address(0) - 0x10000 + roll(0x8000);
    case 7: return 0x10000 + roll(0x10000); /* our own text and data */
    default: return chance(&state);
    }
}

static uint32_t number(void)
{
    static const uint32_t edges[] = {63,         64,         1024,       4095,       4096,
                                     4097,       0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000,
                                     0xffffffff, 0xfffff000, 0xffffff9c};

    switch (roll(5)) {
    case 0: return edges[roll(TAP_COUNT(edges))];
    case 1: return chance(&state);
    case 2: return 1u << roll(32);
    case 3: return address();
    default: return roll(16);
    }
}

static bool forks(uint32_t nr)
{
    return nr == SYS_FORK || nr == SYS_clone || nr == SYS_vfork;
}

/* Arguments that get past the first checks more often than chance would have it. */
static void refine(uint32_t nr, uint32_t a[6])
{
    bool range = nr == SYS_mmap2 || nr == SYS_munmap || nr == SYS_mprotect;

    if (nr == SYS_NANOSLEEP) {
        uint32_t *time = (uint32_t *)(void *)pages;

        time[0] = 0;
        time[1] = roll(1000000);
        a[0] = (uint32_t)(uintptr_t)pages;
    }
    if (range && roll(8)) {
        a[0] = ARENA + roll(ARENA_LEN / PAGE) * PAGE;
        a[1] = roll(0x800) * PAGE;
        a[2] = roll(8);
        a[3] = MAP_PRIVATE | (roll(3) ? MAP_ANONYMOUS : 0) | (roll(2) ? MAP_FIXED : 0);
        a[4] = roll(10);
        a[5] = roll(4);
    }
    if (nr == SYS_PRLIMIT) /* init's would stay changed, and keep a record of them */
        a[0] = 0;
    if (nr == SYS_clone && roll(2))
        a[0] = 17 | (chance(&state) & 0x01304100);
}

static uint32_t next_number(void)
{
    uint32_t nr = roll(20) ? numbers[roll(TAP_COUNT(numbers))] : roll(500);

    for (size_t i = 0; i < TAP_COUNT(never); i++)
        if (nr == never[i])
            return SYS_getpid;
    return nr;
}

static void storm(uint32_t calls, int depth)
{
    for (uint32_t i = 0; i < calls; i++) {
        uint32_t nr = next_number(), a[6];
        long result;

        for (unsigned k = 0; k < 6; k++)
            a[k] = roll(3) ? number() : address();
        refine(nr, a);
        if (forks(nr) && (depth >= DEPTH_MAX || roll(4)))
            continue;
        result = sys_raw((long)nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (forks(nr) && result == 0) {
            depth++;
            state += (uint32_t)getpid() * 2654435761u;
        }
        if (roll(30) == 0)
            while (sys_raw(SYS_wait4, -1, 0, WNOHANG, 0) > 0)
                continue;
    }
}

static void __attribute__((noreturn)) storm_begin(uint32_t round)
{
    static const char *const open_files[] = {"motd", ".",    "/proc/self/maps",
                                             "zero", "true", "/proc"};

    setpgid(0, 0);
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    for (int fd = 0; fd < 3; fd++)
        open("null", O_RDWR);
    for (size_t i = 0; i < TAP_COUNT(open_files); i++)
        open(open_files[i], O_RDONLY);
    state = seed * 2654435761u + round * 40503u;
    storm(CALLS, 0);
    _exit(0);
}

/* Ends what is left of a storm; each blow may miss who is being born. */
static void storm_end(pid_t leader)
{
    for (int blows = 0; kill(-leader, SIGKILL) == 0; blows++) {
        CHECK(blows < 2000);
        tap_pause_ms(2);
    }
}

/* A copy of /dir/name, whose path is gone from memory afterwards. */
static void copy_from(const char *dir, const char *name)
{
    volatile char *wipe;
    char path[32];

    snprintf(path, sizeof path, "%c%s%c%s", '/', dir, '/', name);
    files_copy(path, name);
    wipe = path;
    for (size_t i = 0; i < sizeof path; i++)
        wipe[i] = 0;
}

/* What the storm may break. */
static void place_make(void)
{
    copy_from("etc", "motd");
    copy_from("bin", "true");
    copy_from("etc", "test.sh");
    CHECK_EQ(files_mkdir("d"), 0);
    CHECK_EQ(sys_raw(SYS_symlink, "d/x", "link"), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "null", S_IFCHR | 0666, 1 << 8 | 3), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "zero", S_IFCHR | 0666, 1 << 8 | 5), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "full", S_IFCHR | 0666, 1 << 8 | 7), 0);
    CHECK_EQ(sys_raw(SYS_mknod, "urandom", S_IFCHR | 0666, 1 << 8 | 9), 0);
}

/* A directory above the storm's place, and the names that it had before: others go after each
 * round, so that two storms can't run side by side. */
static struct outside {
    const char *path;
    unsigned count;
    char names[ROOT_NAMES][32];
} outside[] = {{.path = "/"}, {.path = "/tmp"}};

static bool is_known(const struct outside *o, const char *name)
{
    for (unsigned i = 0; i < o->count; i++)
        if (strcmp(o->names[i], name) == 0)
            return true;
    return false;
}

static void outside_remember(struct outside *o)
{
    DIR *dir = opendir(o->path);
    struct dirent *e;

    CHECK(dir != NULL);
    while ((e = readdir(dir))) {
        CHECK(o->count < ROOT_NAMES && strlen(e->d_name) < sizeof o->names[0]);
        strcpy(o->names[o->count++], e->d_name);
    }
    closedir(dir);
}

static void outside_restore(const struct outside *o)
{
    DIR *dir = opendir(o->path);
    struct dirent *e;
    char path[300];

    CHECK(dir != NULL);
    while ((e = readdir(dir))) {
        if (is_known(o, e->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", o->path, e->d_name);
        if (files_unlink(path) == -EISDIR) {
            files_remove_below(path);
            CHECK_EQ(sys_raw(SYS_rmdir, path), 0);
        }
    }
    closedir(dir);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_storm(void)
{
    uint32_t rounds = tap_count(ROUNDS, 50 * ROUNDS);
    char place[32];

    sprintf(place, "storm%d", (int)getpid());
    files_begin(place);
    for (size_t i = 0; i < TAP_COUNT(outside); i++)
        outside_remember(&outside[i]);

    printf("%s# seed %u\n", tap_indent(), (unsigned)seed);
    for (uint32_t round = 0; round < rounds; round++) {
        bool runs = true;
        pid_t leader;
        long since;

        place_make();
        leader = fork();
        if (leader == 0)
            storm_begin(round);
        CHECK(leader > 0);
        for (since = now_ms(); runs && now_ms() - since < ROUND_MS;) {
            tap_pause_ms(5); /* among thousands of children it may last 100 times as long */
            runs = waitpid(leader, NULL, WNOHANG) == 0;
        }
        if (runs) {
            kill(leader, SIGKILL);
            CHECK_EQ(waitpid(leader, NULL, 0), leader);
        }
        storm_end(leader);
        files_remove_below(".");
        for (size_t i = 0; i < TAP_COUNT(outside); i++)
            outside_restore(&outside[i]);
    }
    files_end(place);
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {{"calls by chance", test_storm}};

    if (argc > 1 && !number_parse(argv[1], &seed))
        return 2;
    return malice_main(tests, TAP_COUNT(tests));
}
