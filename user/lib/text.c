/* SPDX-License-Identifier: MIT
 *
 * Reading files of /proc, whose size nobody knows before, and numbers in them and in arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

#define CHUNK_BYTES 2048u

char *file_read_all(const char *path, size_t *len)
{
    size_t size = CHUNK_BYTES, used = 0;
    char *buf = malloc(size);
    int fd = open(path, O_RDONLY);
    ssize_t got = -1;

    while (fd >= 0 && buf) {
        got = read(fd, buf + used, size - used - 1);
        if (got <= 0)
            break;
        used += (size_t)got;
        if (size - used > 1)
            continue;
        char *bigger = realloc(buf, size *= 2);
        if (!bigger) {
            got = -1;
            break;
        }
        buf = bigger;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        free(buf);
        errno = error;
        return NULL;
    }
    buf[used] = '\0';
    if (len)
        *len = used;
    return buf;
}

static int write_all(const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t done = write(1, buf, len);
        if (done < 0)
            return -1;
        buf += done;
        len -= (size_t)done;
    }
    return 0;
}

int file_print(const char *caller, const char *path)
{
    char buf[1024];
    int fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : 0;

    while (fd >= 0 && (got = read(fd, buf, sizeof buf)) > 0)
        if (write_all(buf, (size_t)got) < 0) {
            got = -1;
            break;
        }
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    if (got < 0)
        fail(caller, path);
    return (int)got;
}

/* The first line that starts with key and then has a blank, a tab or a colon. */
static const char *line_find(const char *text, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = text; *line;) {
        if (strncmp(line, key, len) == 0 && strchr(": \t", line[len]) && line[len])
            return line + len;
        line = strchr(line, '\n');
        if (!line)
            break;
        line++;
    }
    return NULL;
}

bool text_number(const char *text, const char *key, uint64_t *value)
{
    const char *p = line_find(text, key);

    if (!p)
        return false;
    p += strspn(p, ": \t");
    if (*p < '0' || *p > '9')
        return false;
    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        *value = *value * 10 + (uint64_t)(*p - '0');
    return true;
}

bool proc_number(const char *path, const char *key, uint64_t *value)
{
    char *text = file_read_all(path, NULL);
    bool found = text && text_number(text, key, value);

    free(text);
    return found;
}

char *u64_format(uint64_t value, char buf[U64_DIGITS])
{
    char *p = buf + U64_DIGITS - 1;

    *p = '\0';
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return memmove(buf, p, (size_t)(buf + U64_DIGITS - p));
}

bool number_parse(const char *word, uint32_t *value)
{
    uint32_t sum = 0;

    if (!*word)
        return false;
    for (; *word; word++) {
        uint32_t digit = (uint32_t)(*word - '0');
        if (digit > 9 || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool size_parse(const char *word, uint32_t *bytes)
{
    char digits[16];
    size_t len = strlen(word);
    uint32_t unit = 1;

    if (len == 0 || len >= sizeof digits)
        return false;
    memcpy(digits, word, len + 1);
    char last = digits[len - 1];
    if (last == 'K' || last == 'k')
        unit = 1024;
    else if (last == 'M' || last == 'm')
        unit = 1024 * 1024;
    if (unit > 1)
        digits[len - 1] = '\0';
    return number_parse(digits, bytes) && !__builtin_mul_overflow(*bytes, unit, bytes);
}
