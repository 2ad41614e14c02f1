/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/refs: what a program touches is recorded in order; wrong words change nothing; exit,
 * exec, fork, kills, two who want to record, no memory; and all of it at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define PAGES 8u
#define HOUR  "3600000000"

static char *memory;
static volatile char *said; /* shared: by a child, how it went; 0: nothing yet */

/* Writes words to a file of /proc: 0 or errno. */
static int say_to(const char *path, const char *words)
{
    int fd = open(path, O_WRONLY), error = 0;

    if (fd < 0)
        return errno;
    if (write(fd, words, strlen(words)) != (ssize_t)strlen(words))
        error = errno;
    close(fd);
    return error;
}

static int say(const char *words)
{
    return say_to("/proc/self/refs", words);
}

static const char *path_of(pid_t pid)
{
    static char path[32];

    snprintf(path, sizeof path, "/proc/%d/refs", (int)pid);
    return path;
}

static char *text_of(const char *path)
{
    char *text = file_read_all(path, NULL);

    CHECK(text != NULL);
    return text;
}

static bool has(const char *path, const char *what)
{
    char *text = text_of(path);
    bool found = strstr(text, what) != NULL;

    free(text);
    return found;
}

/* The references to our pages, "0w 1r / 1w": intervals without any are left out. */
static void ours(const char *path, char *out)
{
    char *text = text_of(path), *save = NULL;
    bool mark = false;

    *out = '\0';
    for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        char *letter;
        unsigned long page = strtoul(word, &letter, 16) - (uintptr_t)memory / PAGE;

        if (word[0] == '@')
            mark = true;
        else if (letter != word && strchr("rwx", *letter) && !letter[1] && page < PAGES) {
            sprintf(out + strlen(out), "%s%lu%c", !*out ? "" : mark ? " / " : " ", page, *letter);
            mark = false;
        }
    }
    free(text);
}

static void expect(const char *path, const char *wanted)
{
    static char got[1024];

    ours(path, got);
    if (strcmp(got, wanted) != 0) {
        printf("# got    %s\n# wanted %s\n", got, wanted);
        CHECK(!"the record is not what was touched");
    }
}

static void begin(void)
{
    if (!tap_on_quire())
        tap_skip("there is no /proc/PID/refs");
    memory = mmap(NULL, PAGES * PAGE, RW, ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    said = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(said != MAP_FAILED);
}

/* What the child says next. */
static char heard(void)
{
    char c;

    while (!*said)
        tap_pause_ms(1);
    c = *said;
    *said = 0;
    return c;
}

static ssize_t read_at(int fd, void *to, size_t n, off_t at)
{
    return lseek(fd, at, SEEK_SET) == at ? read(fd, to, n) : -1;
}

static void touch(const char *program)
{
    for (const char *p = program; *p; p += p[2] ? 3 : 2) {
        volatile char *at = memory + (size_t)(*p - '0') * PAGE;

        if (p[1] == 'w')
            *at = 1;
        else
            (void)*at;
    }
}

/* hat=chaos takes translations away that we want to see: pages may come again. */
static bool exact(void)
{
    char *text = file_read_all("/proc/cmdline", NULL);
    bool chaos = text && strstr(text, "hat=chaos");

    free(text);
    return !chaos;
}

static void test_order(void)
{
    begin();
    if (!exact())
        tap_skip("hat=chaos");
    CHECK_EQ(say("start 0"), 0);
    touch("3w 1r 2r 1w 3r");
    CHECK_EQ(say("next"), 0);
    touch("3r 3w 1r 0w");
    CHECK_EQ(say("next"), 0);
    CHECK_EQ(say("next"), 0);
    touch("7r");
    CHECK_EQ(say("stop"), 0);
    touch("6r");
    expect("/proc/self/refs", "3w 1r 2r 1w / 3r 3w 1r 0w / 7r");
}

static void test_words(void)
{
    static const char *const wrong[] = {
        "",
        " ",
        "begin",
        "start",
        "start x",
        "start -1",
        "start 99",
        "start 1",
        "start 1000 0",
        "start 1000 513",
        "start 1000 1 2",
        "start 4294967296",
        "start 3600000001",
        "start faults=0",
        "start faults=15",
        "start faults=1000001",
        "start faults=",
        "start 1000 refs=0",
        "start 1000 hold hold",
        "start 1000 exec x",
        "stop now",
        "next 2",
        "clear all",
        "start 0x100",
        "start 1000 99999999999999999999",
        "start 1000 refs=1 refs=2",
    };
    static const char *const without[] = {"stop", "next", "clear"};
    char path[] = "/proc/self/refs", text[300];

    begin();
    for (unsigned i = 0; i < TAP_COUNT(without); i++)
        CHECK_EQ(say(without[i]), EINVAL);
    for (int on = 0; on < 2; on++) {
        for (unsigned i = 0; i < TAP_COUNT(wrong); i++)
            if (say(wrong[i]) != EINVAL && *wrong[i])
                CHECK_EQ(i, -1);
        memset(text, ' ', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        CHECK_EQ(say(text), EINVAL);
        CHECK(has(path, on ? " state=on " : "# no record"));
        if (!on)
            CHECK_EQ(say("start " HOUR "\n"), 0);
    }
    int fd = open(path, O_RDWR);
    CHECK(write(fd, (void *)16, 5) < 0 && errno == EFAULT);
    CHECK(read_at(fd, (void *)16, 5, 0) < 0 && errno == EFAULT);
    close(fd);
    touch("1w");
    CHECK_EQ(say("stop"), 0);
    CHECK_EQ(say("stop"), 0);
    CHECK_EQ(say("next"), EINVAL);
    CHECK(has(path, " state=ended "));
    CHECK_EQ(say("clear"), 0);
    CHECK(has(path, "# no record"));
}

static void test_second(void)
{
    pid_t parent = getpid(), child;
    int status;

    begin();
    CHECK_EQ(say("start " HOUR), 0);
    touch("0w");
    CHECK_EQ(say("start 1000"), EBUSY);
    CHECK_EQ(say("start 1000 exec"), EBUSY);
    child = fork();
    if (child == 0)
        _exit(say_to(path_of(parent), "start 1000 hold") == EBUSY ? 0 : 1);
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    child = vfork(); /* the memory is recorded */
    if (child == 0)
        _exit(say("start 1000") == EBUSY ? 0 : 1);
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    CHECK(has(path_of(parent), " state=on "));
    CHECK_EQ(say("stop"), 0);
    CHECK_EQ(say("start faults=16 3 refs=5"), 0);
    touch("0r 1r 2r 3r 4r 5r 6r");
    CHECK(has(path_of(parent), " state=full refs=5 lost=0"));
    CHECK_EQ(say("start 1000"), 0);
}

/* The record can be read of a zombie, and of a file that was open when it was reaped. */
static void test_exit(void)
{
    for (int killed = 0; killed < 2; killed++) {
        int fd;
        char text[64];
        pid_t child;

        begin();
        child = fork();
        if (child == 0) {
            if (say("start 500"))
                _exit(1);
            touch("2w 5w");
            *said = 'x';
            if (killed)
                for (;;)
                    tap_pause_ms(1000);
            _exit(0);
        }
        CHECK_EQ(heard(), 'x');
        if (killed)
            kill(child, SIGKILL);
        while (!has(path_of(child), " state=ended "))
            tap_pause_ms(1);
        fd = open(path_of(child), O_RDONLY);
        waitpid(child, NULL, 0);
        CHECK(open(path_of(child), O_RDONLY) < 0 && errno == ENOENT);
        CHECK_EQ(read_at(fd, text, 9, 0), 9);
        CHECK(memcmp(text, "# refs v1", 9) == 0);
        close(fd);
        munmap((void *)said, PAGE);
        munmap(memory, PAGES * PAGE);
    }
}

static void test_exec(void)
{
    static const char *const how[] = {"start " HOUR, "start " HOUR " exec",
                                      "start faults=16 exec hold"};

    begin();
    for (unsigned i = 0; i < TAP_COUNT(how); i++) {
        pid_t child = fork();
        char *text;

        if (child == 0) {
            if (say(how[i]) == 0)
                execve("/bin/true", (char *[]){"true", NULL}, environ);
            _exit(1);
        }
        while (i < 2 && !has(path_of(child), " state=ended "))
            tap_pause_ms(1);
        text = text_of(path_of(child));
        if (i == 0)
            CHECK(strstr(text, "name=t_refs ") != NULL);
        else if (i == 1)
            CHECK(strstr(text, "name=true ") && strstr(text, "\n@ 0\n10x "));
        free(text);
        CHECK_EQ(waitpid(child, NULL, 0), child);
        if (i == 2) /* the file is closed, and the record with it */
            CHECK(open(path_of(child), O_RDONLY) < 0);
    }
}

static void test_fork(void)
{
    int status;
    pid_t child;

    begin();
    touch("0w 1w 2w 3w");
    CHECK_EQ(say("start 0"), 0);
    touch("1w");
    child = fork();
    if (child == 0) {
        touch("0w 1w 2w 3w 4w");
        _exit(has("/proc/self/refs", "# no record") ? 0 : 1);
    }
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    touch("0w 2r");
    CHECK_EQ(say("stop"), 0);
    if (exact())
        expect("/proc/self/refs", "1w 0w 2r");
}

/* A recorder that goes takes the recording with it, if it said so. */
static void test_hold(void)
{
    pid_t parent = getpid(), child;

    begin();
    child = fork();
    if (child == 0) {
        int fd = open(path_of(parent), O_RDWR);

        *said = write(fd, "start 200 4 hold", 16) == 16 ? 'y' : 'n';
        for (;;)
            tap_pause_ms(1000);
    }
    CHECK_EQ(heard(), 'y');
    CHECK(has(path_of(parent), " state=on "));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(has(path_of(parent), "# no record"));
    CHECK_EQ(say("start " HOUR), 0);
}

/* Any part of the text, read by itself. */
static void test_read(void)
{
    char *text, part[80];
    size_t len;
    int fd;

    begin();
    CHECK_EQ(say("start faults=16"), 0);
    for (unsigned i = 0; i < 40; i++)
        touch("0w 1w 2w 3w 4w 5w 6w 7w");
    CHECK_EQ(say("stop"), 0);
    fd = open("/proc/self/refs", O_RDONLY);
    text = text_of("/proc/self/refs");
    len = strlen(text);
    CHECK(strstr(text, "# end refs ") > text);
    CHECK_EQ(read_at(fd, part, 1, 0), 1);
    for (size_t at = len + 3; at-- > 0;) {
        size_t want = at % 77 + 1, there = at >= len ? 0 : len - at;

        CHECK_EQ(read_at(fd, part, want, (off_t)at), want < there ? want : there);
        CHECK(memcmp(part, text + (there ? at : 0), want < there ? want : there) == 0);
    }
    close(fd);
    free(text);
}

/* Everybody takes as much as there may be, until there is no more. */
static void test_memory(void)
{
    enum { MOST = 400 };
    static pid_t child[MOST];
    int n = 0;
    char c = '0';

    begin();
    if (tap_frames() == -1)
        tap_skip("others run at the same time");
    for (; n < MOST && c == '0'; n++) {
        child[n] = fork();
        if (child[n] < 0)
            break;
        if (child[n] == 0) {
            int error = say("start 100000 512");

            *said = error == 0 ? '0' : error == ENOMEM ? 'm' : 'x';
            for (;;)
                tap_pause_ms(1000);
        }
        c = heard();
        CHECK(c != 'x');
    }
    for (int i = 0; i < n; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    CHECK(n > 2);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Touches, maps, forks, and records itself, and whatever it stores is there. */
static void victim(uint32_t seed)
{
    uint8_t value[PAGES] = {0};

    for (unsigned i = 0; i < 4000; i++) {
        uint32_t r = next_random(&seed), page = r % PAGES;

        if (memory[page * PAGE] != (char)value[page])
            _exit(3);
        memory[page * PAGE] = (char)++value[page];
        if (r % 97 == 0)
            (void)say(r & 512 ? "start 100 2" : "start faults=16 1");
        if (r % 89 == 0)
            (void)say(r & 512 ? "next" : "stop");
        if (r % 83 == 0) {
            munmap(memory + page * PAGE, PAGE);
            if (mmap(memory + page * PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
                _exit(4);
            value[page] = 0;
        }
        if (r % 401 == 0) {
            pid_t child = fork();

            if (child == 0)
                _exit(memory[page * PAGE] == (char)value[page] ? 0 : 5);
            int status = 0;
            if (child > 0 && (waitpid(child, &status, 0) != child || status))
                _exit(6);
        }
    }
    _exit(0);
}

static void test_storm(void)
{
    static const char *const words[] = {
        "start 100 1 hold", "start faults=16 2", "stop", "clear", "next",
        "start 300",        "start 200 exec"};
    uint32_t seed = (uint32_t)time_ms(), rounds = tap_count(4, 60);

    begin();
    printf("%s# seed %lu\n", tap_indent(), (unsigned long)seed);
    for (uint32_t round = 0; round < rounds; round++) {
        pid_t child[6];
        int left = 6, status;

        for (int i = 0; i < 6; i++) {
            child[i] = fork();
            if (child[i] == 0)
                victim(seed + (unsigned)i);
            CHECK(child[i] > 0);
        }
        while (left) {
            uint32_t r = next_random(&seed);
            pid_t pid = child[r % 6];

            if (pid && r % 5 == 0)
                free(file_read_all(path_of(pid), NULL));
            else if (pid && r % 211 == 0)
                kill(pid, SIGKILL);
            else if (pid)
                (void)say_to(path_of(pid), words[r / 6 % TAP_COUNT(words)]);
            pid = waitpid(-1, &status, WNOHANG);
            if (pid <= 0)
                continue;
            CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
            left--;
            for (int i = 0; i < 6; i++)
                if (child[i] == pid)
                    child[i] = 0;
        }
    }
}

static const struct tap_test tests[] = {
    {"order", test_order},       {"wrong words", test_words}, {"two recorders", test_second},
    {"exit", test_exit},         {"exec", test_exec},         {"fork", test_fork},
    {"hold", test_hold},         {"any part", test_read},     {"no memory", test_memory},
    {"all at once", test_storm},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
