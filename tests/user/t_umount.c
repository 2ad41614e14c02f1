/* SPDX-License-Identifier: MIT
 *
 * A tmpfs that nobody uses is never busy, and takes all that was in it along, whoever looks at its
 * pages meanwhile. `t_umount N` does it N times without TAP, beside two who use HOG bytes each all
 * the time: on a machine with less memory page-out looks at all files.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"
#include "tap.h"

#define SYS_MOUNT   21
#define SYS_UMOUNT2 52
#define FILES       400
#define BYTES       8192
#define HOG         (10u << 20)
#define HOGS        2

static const char dir[] = "/tmp/umounted";

static long fill(void)
{
    static char bytes[BYTES];

    memset(bytes, 7, sizeof bytes);
    for (int i = 0; i < FILES; i++) {
        char name[40];
        long fd, n;

        snprintf(name, sizeof name, "%s/%d", dir, i);
        fd = open(name, O_RDWR | O_CREAT, 0600);
        n = fd < 0 ? fd : write((int)fd, bytes, sizeof bytes);
        if (n != BYTES)
            return -errno;
        close((int)fd);
    }
    return 0;
}

static long mount_and_umount(uint32_t rounds)
{
    long error = mkdir(dir, 0700) ? -errno : 0;

    for (; rounds && !error; rounds--) {
        error = sys_raw(SYS_MOUNT, "umounted", dir, "tmpfs", 0, "size=8m");
        if (!error)
            error = fill();
        if (!error)
            error = sys_raw(SYS_UMOUNT2, dir, 0);
    }
    rmdir(dir);
    return error;
}

static void test_rounds(void)
{
    CHECK_EQ(mount_and_umount(tap_count(4, 100)), 0);
}

static void hog(void)
{
    volatile char *p = mmap(NULL, HOG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (uint32_t at = 0; p != MAP_FAILED; at = (at + 4096) % HOG)
        p[at]++;
    _exit(1);
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {{"rounds", test_rounds}};
    pid_t hogs[HOGS];
    long error;

    if (argc != 2)
        return tap_main(tests, TAP_COUNT(tests));
    for (int i = 0; i < HOGS; i++) {
        hogs[i] = fork();
        if (hogs[i] == 0)
            hog();
    }
    error = mount_and_umount((uint32_t)strtoul(argv[1], NULL, 10));
    for (int i = 0; i < HOGS; i++) {
        kill(hogs[i], SIGKILL);
        waitpid(hogs[i], NULL, 0);
    }
    printf("t_umount: error %ld\n", -error);
    return error != 0;
}
