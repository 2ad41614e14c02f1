/* SPDX-License-Identifier: MIT
 *
 * Lines of what is compared with Linux: whole ones, by one write each, so that those of several
 * processes do not mix. For tests/linux and tests/programs.
 */
#ifndef TESTS_LINUX_LINE_H
#define TESTS_LINUX_LINE_H

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Prints to descriptor 1 with an end of line, cut to what fits into buf. */
static inline void line_write(char *buf, size_t size, const char *format, va_list args)
{
    int most = (int)size - 2, n = vsnprintf(buf, size - 1, format, args);

    if (n > most)
        n = most;
    buf[n] = '\n';
    if (write(1, buf, (size_t)n + 1) != n + 1)
        _exit(99);
}

#endif
