/* SPDX-License-Identifier: MIT
 *
 * mkswap [-L LABEL] DEVICE: writes the header of a swap area, Linux's version 1, over the first
 * page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "quire.h"

#define PAGE       4096u
#define AT_VERSION 1024u
#define AT_UUID    1036u
#define AT_LABEL   1052u
#define LABEL_MAX  15u

static char header[PAGE];

static void put_word(uint32_t at, uint32_t word)
{
    memcpy(header + at, &word, sizeof(word));
}

/* An identity by chance (RFC 4122, version 4). */
static int put_uuid(void)
{
    int fd = open("/dev/urandom", O_RDONLY), n;

    if (fd < 0)
        return -1;
    n = (int)read(fd, header + AT_UUID, 16);
    close(fd);
    header[AT_UUID + 6] = (char)((header[AT_UUID + 6] & 0x0f) | 0x40);
    header[AT_UUID + 8] = (char)((header[AT_UUID + 8] & 0x3f) | 0x80);
    return n == 16 ? 0 : -1;
}

static int make(const char *path, const char *label)
{
    int fd = file_open_large(path, O_RDWR);
    off_t bytes;

    if (fd < 0)
        return fail("mkswap", path);
    bytes = lseek(fd, 0, SEEK_END);
    if (bytes < (off_t)(2 * PAGE)) {
        fprintf(stderr, "mkswap: %s: too small: a header and one page are the least\n", path);
        return 1;
    }
    put_word(AT_VERSION, 1);
    put_word(AT_VERSION + 4, (uint32_t)(bytes / PAGE) - 1);
    strncpy(header + AT_LABEL, label, LABEL_MAX);
    memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
    if (put_uuid() || lseek(fd, 0, SEEK_SET) != 0 || write(fd, header, PAGE) != (int)PAGE ||
        fsync(fd) || close(fd))
        return fail("mkswap", path);
    printf("mkswap: %s: %lu kB of swap\n", path, (unsigned long)(bytes / PAGE - 1) * (PAGE / 1024));
    return 0;
}

int main(int argc, char **argv)
{
    bool labelled = argc == 4 && strcmp(argv[1], "-L") == 0 && strlen(argv[2]) <= LABEL_MAX;

    if (argc != 2 && !labelled) {
        fprintf(stderr, "usage: mkswap [-L LABEL] DEVICE\n");
        return 2;
    }
    return make(argv[argc - 1], labelled ? argv[2] : "");
}
