/* SPDX-License-Identifier: MIT
 *
 * The log's ring: the newest RING_BYTES bytes, addressed by bytes since boot.
 * Invariants: printed <= head; head - oldest() <= RING_BYTES; at most one CPU prints at a time.
 * Locks: ring.lock (spins with interrupts masked; last in the order: any other may be held). The
 * console is written without it, so that interrupts stay open over a slow UART: whoever finds
 * nobody printing prints everything, also what others append meanwhile.
 */
#include "kern/log.h"

#include <string.h>

#include "kern/spin.h"
#include "lib/fmt.h"

#define RING_BYTES  32768u /* a power of two */
#define LINE_BYTES  512u
#define CHUNK_BYTES 64u

static struct {
    struct spin lock;
    bool printing;                            /* lock: somebody is in log_print */
    uint64_t head;                            /* lock: bytes ever appended */
    uint64_t printed;                         /* lock: bytes the console has */
    void (*console)(const char *s, size_t n); /* lock */
    char text[RING_BYTES];                    /* lock: byte i at i % RING_BYTES */
} ring = {.lock = SPIN_INIT(LOCK_LOG)};

static uint64_t log_oldest_locked(void)
{
    return ring.head > RING_BYTES ? ring.head - RING_BYTES : 0;
}

static size_t log_copy_locked(uint64_t *pos, char *buf, size_t len)
{
    if (*pos < log_oldest_locked())
        *pos = log_oldest_locked();
    if (*pos >= ring.head)
        return 0;

    size_t n = (size_t)MIN((uint64_t)len, ring.head - *pos);
    size_t at = (size_t)*pos & (RING_BYTES - 1);
    size_t first = MIN(n, RING_BYTES - at);
    memcpy(buf, ring.text + at, first);
    memcpy(buf + first, ring.text, n - first);
    *pos += n;
    return n;
}

static void log_append_locked(const char *s, size_t n)
{
    size_t at = (size_t)ring.head & (RING_BYTES - 1);
    size_t first = MIN(n, RING_BYTES - at);

    memcpy(ring.text + at, s, first);
    memcpy(ring.text, s + first, n - first);
    ring.head += n;
}

/* Takes the right to print; false: somebody has it. */
static bool printing_begin(void)
{
    uint32_t mask = spin_lock_irq(&ring.lock);
    bool ours = !ring.printing;

    ring.printing = true;
    spin_unlock_irq(&ring.lock, mask);
    return ours;
}

/* Prints what the console lacks and gives the right back, both with nothing in between. */
static void printing_end(void)
{
    char chunk[CHUNK_BYTES];
    uint32_t mask = spin_lock_irq(&ring.lock);
    size_t n;

    while (ring.console && (n = log_copy_locked(&ring.printed, chunk, sizeof(chunk))) > 0) {
        void (*write)(const char *, size_t) = ring.console;

        spin_unlock_irq(&ring.lock, mask);
        write(chunk, n);
        mask = spin_lock_irq(&ring.lock);
    }
    ring.printing = false;
    spin_unlock_irq(&ring.lock, mask);
}

/* Brings the console up to date, unless somebody is about it already: that one finds our text. */
static void log_print(void)
{
    if (printing_begin())
        printing_end();
}

void log_pass(void (*write)(const char *s, size_t n), const char *s, size_t n)
{
    while (!printing_begin())
        continue; /* another CPU prints: it has a chunk or a line to go */
    write(s, n);
    printing_end();
}

/* Names that programs choose are in it: none begins a line of its own, or moves the cursor. */
static void defuse(char *line, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if ((uint8_t)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
}

void log_vprintf(const char *format, va_list ap)
{
    char line[LINE_BYTES];
    int n = fmt_vsnprint(line, sizeof(line), format, ap);

    if (n <= 0)
        return;
    if ((size_t)n >= sizeof(line)) { /* cut: still one line */
        n = sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    defuse(line, (size_t)n);

    uint32_t mask = spin_lock_irq(&ring.lock);
    log_append_locked(line, (size_t)n);
    spin_unlock_irq(&ring.lock, mask);
    log_print();
}

void log_printf(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    log_vprintf(format, ap);
    va_end(ap);
}

size_t log_read(uint64_t *pos, char *buf, size_t len)
{
    uint32_t mask = spin_lock_irq(&ring.lock);
    size_t n = log_copy_locked(pos, buf, len);

    spin_unlock_irq(&ring.lock, mask);
    return n;
}

void log_set_console(void (*write)(const char *s, size_t n))
{
    uint32_t mask = spin_lock_irq(&ring.lock);

    ring.console = write;
    spin_unlock_irq(&ring.lock, mask);
    log_print();
}

void log_break_locks(void)
{
    spin_init(&ring.lock, LOCK_LOG);
    ring.printing = false;
}
