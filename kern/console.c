/* SPDX-License-Identifier: MIT
 *
 * The console: one UART's output, and the ring of what it received.
 * Invariant: head - tail <= RING_BYTES; characters at tail .. head - 1 are not taken yet.
 * Locks: out_lock for one character at the UART, in_lock for the ring. Both spin with interrupts
 * masked, and neither is held while calling out of this file but for uart_ops. Called by the log,
 * the terminal, UART interrupts.
 */
#include "kern/console.h"

#include "kern/log.h"
#include "kern/spin.h"

#define RING_BYTES 8192u /* a power of two */

static struct {
    const struct uart_ops *uart; /* (c) after console_register; NULL: none */
    void (*debugger)(void);      /* (c) after boot; or NULL */
    int (*getc)(void);           /* (c) after boot; NULL: the UART's */
    struct spin out_lock;
    struct spin in_lock;
    uint32_t head, tail;   /* in_lock: characters ever received and taken */
    uint32_t lost;         /* in_lock: received with the ring full */
    void (*notify)(void);  /* in_lock */
    char ring[RING_BYTES]; /* in_lock */
} console = {.out_lock = SPIN_INIT(LOCK_CONSOLE_OUT), .in_lock = SPIN_INIT(LOCK_CONSOLE_IN)};

static void console_putc(char c)
{
    uint32_t mask = spin_lock_irq(&console.out_lock);

    console.uart->putc(c);
    spin_unlock_irq(&console.out_lock, mask);
}

void console_write_raw(const char *s, size_t n)
{
    if (!console.uart)
        return;
    for (size_t i = 0; i < n; i++)
        console_putc(s[i]);
}

void console_write(const char *s, size_t n)
{
    if (!console.uart)
        return;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
            console_putc('\r');
        console_putc(s[i]);
    }
}

void console_register(const struct uart_ops *ops)
{
    console.uart = ops;
    log_set_console(console_write);
}

void console_input(char c)
{
    uint32_t mask = spin_lock_irq(&console.in_lock);
    void (*notify)(void) = console.notify;

    if (console.head - console.tail < RING_BYTES)
        console.ring[console.head++ & (RING_BYTES - 1)] = c;
    else
        console.lost++;
    spin_unlock_irq(&console.in_lock, mask);
    if (notify)
        notify();
}

void console_poll(int (*getc)(void))
{
    console.getc = getc;
}

int console_take(void)
{
    uint32_t mask = spin_lock_irq(&console.in_lock);
    int c = -1;

    if (console.head != console.tail)
        c = (unsigned char)console.ring[console.tail++ & (RING_BYTES - 1)];
    spin_unlock_irq(&console.in_lock, mask);
    return c;
}

void console_on_input(void (*notify)(void))
{
    uint32_t mask = spin_lock_irq(&console.in_lock);
    bool waiting = console.head != console.tail;

    console.notify = notify;
    spin_unlock_irq(&console.in_lock, mask);
    if (waiting && notify)
        notify();
}

uint32_t console_lost(void)
{
    return *(volatile uint32_t *)&console.lost;
}

bool console_break(void)
{
    if (!console.debugger)
        return false;
    console.debugger();
    return true;
}

void console_on_break(void (*debugger)(void))
{
    console.debugger = debugger;
}

void console_write_stopped(const char *s, size_t n)
{
    for (size_t i = 0; console.uart && i < n; i++) {
        if (s[i] == '\n')
            console.uart->putc('\r');
        console.uart->putc(s[i]);
    }
}

int console_getc_stopped(void)
{
    if (console.getc)
        return console.getc();
    return console.uart ? console.uart->getc() : -1;
}

void console_break_locks(void)
{
    spin_init(&console.out_lock, LOCK_CONSOLE_OUT);
}
