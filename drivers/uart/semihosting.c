/* SPDX-License-Identifier: MIT
 *
 * A question is one byte, how many characters there is room for; the answer is a byte n, at most as
 * many, and n characters. Bytes are read singly, since a short read would make the run depend on
 * how the host passes them on. No locks: one thread asks, and the debugger while nothing else runs.
 * Source: ARM DUI 0471, 8.4 (SYS_OPEN, SYS_WRITE, SYS_READ).
 */
#include "drivers/uart/semihosting.h"

#include <string.h>

#include "kern/arch.h"
#include "kern/console.h"

#define SYS_OPEN  0x01
#define SYS_WRITE 0x05
#define SYS_READ  0x06
#define MODE_RW   3 /* "r+b" */

static uint32_t file; /* (c) after boot; 0: none */

static bool transfer(uint32_t operation, unsigned char *byte)
{
    return arch_semihosting(operation, (uint32_t[]){file, (uint32_t)byte, 1}) == 0;
}

/* How many characters the host gives, at most room; -1: the file has ended. */
static int ask(unsigned room)
{
    unsigned char byte = (unsigned char)MIN(room, 255u);

    return transfer(SYS_WRITE, &byte) && transfer(SYS_READ, &byte) ? byte : -1;
}

static int semihosting_getc(void)
{
    unsigned char c;

    return ask(1) == 1 && transfer(SYS_READ, &c) ? c : -1;
}

bool semihosting_input_open(const char *path)
{
    int handle = arch_semihosting(SYS_OPEN, (uint32_t[]){(uint32_t)path, MODE_RW, strlen(path)});

    if (handle <= 0)
        return false;
    file = (uint32_t)handle;
    console_poll(semihosting_getc);
    return true;
}

bool semihosting_input(unsigned room)
{
    int n = room ? ask(room) : 0;

    for (int i = 0; i < n; i++) {
        unsigned char c;

        if (!transfer(SYS_READ, &c))
            return false;
        console_input((char)c);
    }
    return n >= 0;
}
