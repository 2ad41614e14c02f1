/* SPDX-License-Identifier: MIT
 *
 * Looking for what others left: in memory that is new, in registers after exec, in the gaps of
 * structures that the kernel fills. A process fills frames with a pattern and dies; nobody finds
 * it.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "malice.h"

#define SECRET     0x5ec2e7edu
#define MIB        0x100000u
#define SOIL_BYTES (8 * MIB)

static uint32_t *map(size_t bytes)
{
    void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void fill(uint32_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *p; i++)
        p[i] = SECRET;
}

static void registers_soil(void)
{
    __asm__ volatile("mcr p15, 0, %0, c13, c0, 2\n\t"
                     "vmov s0, %0\n\tvmov s31, %0\n\t"
                     "vmsr fpscr, %1" ::"r"(SECRET),
                     "r"(0x03c00000));
    sys_raw(SYS_arm_set_tls, SECRET);
}

static int soils(void *arg)
{
    (void)arg;
    fill(map(SOIL_BYTES), SOIL_BYTES);
    registers_soil();
    return 0;
}

static void soil(void)
{
    CHECK(tap_exited_with(tap_child(soils, NULL), 0));
}

static bool clean(const void *p, size_t bytes)
{
    const uint32_t *word = p;

    for (size_t i = 0; i < bytes / sizeof *word; i++)
        if (word[i] != 0)
            return false;
    return true;
}

static void test_mapping(void)
{
    uint32_t *p;

    soil();
    p = map(SOIL_BYTES);
    CHECK(clean(p, SOIL_BYTES / 2)); /* read first */
    for (size_t i = SOIL_BYTES / 2; i < SOIL_BYTES; i += PAGE)
        ((volatile char *)p)[i] = 0; /* written first */
    CHECK(clean(p, SOIL_BYTES));
}

static void test_again(void)
{
    for (int i = 0; i < 4; i++) {
        uint32_t *p = map(MIB);

        CHECK(clean(p, MIB));
        fill(p, MIB);
        CHECK_EQ(munmap(p, MIB), 0);
    }
}

static void test_heap(void)
{
    uintptr_t heap = (uintptr_t)sys_raw(SYS_brk, 0), start = (heap + PAGE - 1) & ~(PAGE - 1);

    soil();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sys_raw(SYS_brk, start + MIB), start + MIB);
        CHECK(clean((void *)start, MIB));
        fill((uint32_t *)start, MIB);
        CHECK_EQ(sys_raw(SYS_brk, start), start);
    }
}

static void test_stack(void)
{
    uintptr_t below = ((uintptr_t)__builtin_frame_address(0) - 64 * 1024) & ~(PAGE - 1);

    soil();
    CHECK(clean((void *)below, 32 * 1024));
}

/* What lies behind a file's last byte in its page. */
static void test_file_tail(void)
{
    static const char *const files[] = {"/etc/motd", "/bin/true", "/etc/test.sh", "/bin/sh"};

    for (size_t i = 0; i < TAP_COUNT(files); i++) {
        int fd = open(files[i], O_RDONLY);
        size_t bytes = (size_t)lseek(fd, 0, SEEK_END), end = (bytes + PAGE - 1) & ~(PAGE - 1);
        const char *p = mmap(0, end, PROT_READ, MAP_PRIVATE, fd, 0);

        CHECK(fd >= 0 && p != MAP_FAILED);
        for (size_t at = bytes; at < end; at++)
            CHECK_EQ(p[at], 0);
    }
}

static void test_registers(void)
{
    char *argv[] = {"/tests/start_state", NULL};

    for (int i = 0; i < 3; i++) {
        soil();
        registers_soil();
        CHECK_EQ(tap_program(argv, false), 0);
    }
    pid_t pid = vfork();
    if (pid == 0) {
        registers_soil();
        execve(argv[0], argv, NULL);
        _exit(9);
    }
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

static char first[1024], second[1024];

/* The same call into two buffers with different bytes: what differs was not written. */
static size_t written(long nr, long a, long b, unsigned place)
{
    long args[2] = {a, b};
    size_t end = sizeof first;

    memset(first, 0x55, sizeof first);
    memset(second, 0xaa, sizeof second);
    args[place] = (long)first;
    CHECK(sys_raw(nr, args[0], args[1], sizeof first, 0) >= 0);
    args[place] = (long)second;
    CHECK(sys_raw(nr, args[0], args[1], sizeof second, 0) >= 0);
    while (end && first[end - 1] == 0x55 && (uint8_t)second[end - 1] == 0xaa)
        end--;
    for (size_t i = 0; i < end; i++)
        CHECK(first[i] != 0x55 || (uint8_t)second[i] != 0xaa);
    return end;
}

static void test_structures(void)
{
    int file = open("/etc/motd", O_RDONLY), tty = open("/dev/console", O_RDWR);

    CHECK(file >= 0 && tty >= 0);
    CHECK_EQ(written(SYS_fstat64, file, 0, 1), 104);
    CHECK(clean(first + 12, 0) && clean(first + 40, 8)); /* the gaps before size */
    CHECK_EQ(written(SYS_uname, 0, 0, 0), 390);
    for (size_t field = 0; field < 6; field++)
        for (size_t i = strlen(first + field * 65); i < 65; i++)
            CHECK_EQ(first[field * 65 + i], 0);
    CHECK_EQ(written(116, 0, 0, 0), 64); /* sysinfo */
    CHECK_EQ(written(SYS_clock_gettime, 1, 0, 1), 8);
    CHECK_EQ(written(403, 1, 0, 1), 16); /* clock_gettime64 */
    CHECK_EQ(written(43, 0, 0, 0), 16);  /* times */
}

static void test_directory(void)
{
    int fd = open("/bin", O_RDONLY);
    long got;

    memset(first, 0x55, sizeof first);
    got = sys_raw(SYS_getdents64, fd, first, sizeof first);
    CHECK(got > 0);
    for (long at = 0; at < got;) {
        uint16_t len;
        size_t name_end = (size_t)at + 19 + strlen(first + at + 19);

        memcpy(&len, first + at + 16, sizeof len);
        while (name_end < (size_t)(at + len))
            CHECK_EQ(first[name_end++], 0);
        at += len;
    }
    for (size_t i = (size_t)got; i < sizeof first; i++)
        CHECK_EQ(first[i], 0x55);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"new mappings", test_mapping},
        {"mappings in the place of others", test_again},
        {"the heap", test_heap},
        {"the stack below", test_stack},
        {"behind a file's end", test_file_tail},
        {"registers after exec", test_registers},
        {"gaps in structures", test_structures},
        {"gaps in a directory", test_directory},
    };

    return malice_main(tests, TAP_COUNT(tests));
}
